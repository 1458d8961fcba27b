"""Google's own description of an API (its discovery document), held against requests and answers.

https://developers.google.com/discovery/v1/reference/apis
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.lab.stand_in import Request

Json = Mapping[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


class Discovery:
    """One API's description."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._base = "/" + str(document["servicePath"])
        self._methods = [(re.compile(_pattern(each["path"])), each) for each in _methods(document["resources"])]

    def method(self, verb: str, path: str) -> Json | None:
        """What is described at a path."""
        below = path.removeprefix(self._base)
        found = [each for pattern, each in self._methods if each["httpMethod"] == verb and pattern.fullmatch(below)]
        return found[0] if found and below != path else None

    def faults_of_request(self, request: Request) -> list[str]:
        """What is wrong with a request: path, its parameters, those of the query, and every field of the body."""
        method = self.method(request.method, request.path)
        if method is None:
            return [f"there is no {request.method} {request.path}"]
        known = {**self._document["parameters"], **method["parameters"]}
        faults = [f"no parameter {name}" for name in request.query if known.get(name, {}).get("location") != "query"]
        match = re.fullmatch(_pattern(method["path"]), request.path.removeprefix(self._base))
        given = {**request.query, **({} if match is None else {k: unquote(v) for k, v in match.groupdict().items()})}
        faults += [fault for name, value in given.items() for fault in _parameter(name, value, known.get(name, {}))]
        faults += [f"{name} is missing" for name, spec in known.items() if spec.get("required") and name not in given]
        if "request" in method:
            faults += self._value(request.json, method["request"], "body", sent=True)
        elif request.body:
            faults.append("a body where none belongs")
        return faults

    def faults_of_answer(self, verb: str, path: str, body: Any) -> list[str]:
        """What of an answer is not as it is described."""
        method = self.method(verb, path)
        return ["no such method"] if method is None else list(self._value(body, method["response"], "answer"))

    def enum(self, schema: str, name: str) -> list[str]:
        """The values that a field may have."""
        return list(self._document["schemas"][schema]["properties"][name]["enum"])

    def _value(self, value: Any, spec: Json, where: str, sent: bool = False) -> Iterator[str]:
        spec = self._document["schemas"][spec["$ref"]] if "$ref" in spec else spec
        kind = spec.get("type", "any")
        if kind in _TYPES and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
            yield f"{where} is no {kind}: {value!r}"
        elif kind == "object":
            yield from self._object(value, spec, where, sent)
        elif kind == "array":
            for number, item in enumerate(value):
                yield from self._value(item, spec["items"], f"{where}[{number}]", sent)
        elif kind == "string":
            yield from _text(value, spec, where)

    def _object(self, value: Json, spec: Json, where: str, sent: bool) -> Iterator[str]:
        properties, others = spec.get("properties", {}), spec.get("additionalProperties")
        for name, inner in value.items():
            described = properties.get(name, others)
            if described is None:
                yield f"{where} has no field {name}"
            elif sent and described.get("readOnly"):
                yield f"{where}.{name} is not for those who ask"
            else:
                yield from self._value(inner, described, f"{where}.{name}", sent)


@cache
def compute() -> Discovery:
    """Compute Engine's, as google-api-python-client brings it."""
    spec = find_spec("googleapiclient")
    if spec is None or spec.origin is None:
        pytest.skip("google-api-python-client is not installed: make install")
    file = Path(spec.origin).parent / "discovery_cache" / "documents" / "compute.v1.json"
    return Discovery(json.loads(file.read_bytes()))


def _methods(resources: Json) -> Iterator[Json]:
    for resource in resources.values():
        yield from resource.get("methods", {}).values()
        yield from _methods(resource.get("resources", {}))


def _pattern(path: str) -> str:
    return re.sub(r"\\{\\?(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))


def _parameter(name: str, value: str, spec: Json) -> Iterator[str]:
    if "pattern" in spec and not re.fullmatch(spec["pattern"], value):
        yield f"{name} is not of the form {spec['pattern']}: {value!r}"
    if spec.get("type") == "integer" and not value.isdecimal():
        yield f"{name} is no integer: {value!r}"
    if "enum" in spec and value not in spec["enum"]:
        yield f"{name} is none of {spec['enum']}: {value!r}"


def _text(value: str, spec: Json, where: str) -> Iterator[str]:
    if spec.get("format") in ("int64", "uint64") and not re.fullmatch(r"-?\d+", value):
        yield f"{where} is no number: {value!r}"
    if "pattern" in spec and not re.fullmatch(spec["pattern"], value):
        yield f"{where} is not of the form {spec['pattern']}: {value!r}"
    if "enum" in spec and value not in spec["enum"]:
        yield f"{where} is none of {spec['enum']}: {value!r}"
