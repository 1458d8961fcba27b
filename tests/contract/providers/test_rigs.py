"""What the suite is run on: no provider without a system, nothing that is shown on none."""

from __future__ import annotations

from mistserver.providers import registry
from tests.contract.providers.rig import every_rig


def test_each_provider_has_a_system_of_its_own_name() -> None:
    rigs = every_rig()
    assert list(dict.fromkeys(rig.id for rig in rigs.values())) == [row.id for row in registry.own_rows()]
    assert {name for name, rig in rigs.items() if name == rig.id} == {row.id for row in registry.own_rows()}
    assert all(name == rig.id or name.startswith(f"{rig.id}_") for name, rig in rigs.items())


def test_what_one_system_lacks_another_of_the_same_provider_shows() -> None:
    rigs = every_rig()
    unshown = {
        (name, what)
        for name, rig in rigs.items()
        for what, why in rig.lacks.items()
        if not why or not any(what not in other.lacks for other in rigs.values() if other.id == rig.id)
    }
    assert unshown == set()
