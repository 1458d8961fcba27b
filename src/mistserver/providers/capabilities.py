"""What a provider can do, derived from its class: nothing is asked of a cloud to find out."""

from __future__ import annotations

from mistserver.providers.base import Provider

LISTINGS = ("images", "sizes", "locations", "networks")


def listings(provider: type[Provider]) -> tuple[str, ...]:
    """What it lists beside machines: the listings that its class brings, less those it does `without`."""
    return tuple(noun for noun in LISTINGS if noun not in provider.without and _brings(provider, f"list_{noun}"))


def capabilities(provider: type[Provider]) -> list[str]:
    """Everything it can do, in words for people and programs: `list-images`, `create`, `stop`, `native-tags` ..."""
    declared = {
        "create": provider.creates,
        **{action.value: True for action in sorted(provider.actions)},
        "native-tags": provider.native_tags,
        "exec": provider.has_exec,
        "endpoint": provider.over_http,
    }
    lists = [f"list-{noun}" for noun in ("machines", *listings(provider))]
    return [*lists, *(name for name, able in declared.items() if able)]


def _brings(provider: type[Provider], method: str) -> bool:
    return getattr(provider, method) is not getattr(Provider, method)
