"""What a scope allows."""

from __future__ import annotations

import pytest

from mistserver.domain.account import Actor, Role, Scope, narrower
from mistserver.domain.errors import Forbidden


def actor(scope: Scope) -> Actor:
    return Actor(account_id="a", user_id="u", email="u@x.y", role=Role.ADMIN, scope=scope)


@pytest.mark.parametrize(("held", "needed"), [(Scope.ADMIN, Scope.READ), (Scope.OPERATE, Scope.OPERATE)])
def test_a_wider_scope_includes_the_narrower(held: Scope, needed: Scope) -> None:
    actor(held).require(needed)


def test_a_narrower_scope_is_told_what_it_lacks() -> None:
    with pytest.raises(Forbidden, match="'operate'") as caught:
        actor(Scope.READ).require(Scope.OPERATE)

    assert caught.value.facts == {"required": "operate", "scope": "read"}


def test_a_token_is_never_wider_than_its_user() -> None:
    assert narrower(Scope.ADMIN, Scope.READ) == narrower(Scope.READ, Scope.ADMIN) == Scope.READ
