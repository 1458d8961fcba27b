"""What is rendered from the code into other packages is current."""

from __future__ import annotations

from mistserver.providers import render


def test_the_clients_providers_are_current() -> None:
    assert render.main(["--check"]) == 0
