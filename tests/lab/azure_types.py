"""Microsoft's own packages for Azure as descriptions of its APIs: what paths there are, and what bodies hold.

They are made from the API's specifications: https://github.com/Azure/azure-rest-api-specs
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest


@cache
def paths(service: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Method and path of every operation of a service (`compute`, `network`)."""
    found = []
    module = _module(service, "operations._operations")
    for name, build in inspect.getmembers(module, inspect.isfunction):
        if name.startswith("build_"):
            needed = [each for each in inspect.signature(build).parameters.values() if each.default is each.empty]
            named = [each for each in needed if each.kind is not each.VAR_KEYWORD]
            given = {each.name: 7 if each.annotation in (int, "int") else f"@{each.name}@" for each in named}
            try:
                request = build(**given)
            except KeyError:  # some want it said what the body will be
                request = build(**given, content_type="application/json")
            path = re.escape(request.url.partition("?")[0])
            found.append((request.method, re.compile(re.sub(r"(?:@|%40)\w+(?:@|%40)", "[^/]+", path), re.IGNORECASE)))
    return tuple(found)


def is_described(service: str, method: str, path: str) -> bool:
    return any(method == verb and pattern.fullmatch(path) for verb, pattern in paths(service))


def faults(service: str, name: str, value: Any) -> list[str]:
    """What of a body is not as the type of this name describes it."""
    return list(_faults(service, getattr(_module(service, "types"), name), value, name))


def _faults(service: str, hint: Any, value: Any, where: str) -> Iterator[str]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        told = [list(_faults(service, each, value, where)) for each in inner if not _is_open(each, inner)]
        yield from min(told, key=len, default=[])
    elif origin is list:
        items = value if isinstance(value, list) else [value]
        yield from [] if isinstance(value, list) else [f"{where} is no list"]
        for number, item in enumerate(items):
            yield from _faults(service, inner[0], item, f"{where}[{number}]")
    elif origin is dict:
        yield from [] if isinstance(value, dict) else [f"{where} is no object"]
    elif hasattr(hint, "__required_keys__"):
        yield from _object(service, hint, value, where)
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        known = [member.value for member in hint]
        yield from [] if value in known else [f"{where} is none of {known}: {value!r}"]
    elif hint in (str, int, bool, float):
        fits = isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
        yield from [] if fits else [f"{where} is no {hint.__name__}: {value!r}"]


def _object(service: str, hint: Any, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    fields = _fields(service, hint)
    for key, item in value.items():
        if key not in fields:
            yield f"{where} has no {key}"
        else:
            yield from _faults(service, fields[key], item, f"{where}.{key}")


@cache
def _fields(service: str, hint: Any) -> dict[str, Any]:
    enums = {name: each for name, each in vars(_module(service, "models._enums")).items() if isinstance(each, type)}
    return typing.get_type_hints(hint, localns=enums)


def _is_open(each: Any, among: tuple[Any, ...]) -> bool:
    """Whether it only says that other texts may come some day: an enumeration stands beside it."""
    return each is str and any(isinstance(other, type) and issubclass(other, enum.Enum) for other in among)


def _module(service: str, name: str) -> Any:
    pytest.importorskip(f"azure.mgmt.{service}", reason=f"azure-mgmt-{service} is not installed: make install")
    return importlib.import_module(f"azure.mgmt.{service}.{name}")
