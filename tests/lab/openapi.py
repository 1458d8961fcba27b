"""A vendor's own OpenAPI description (3.0), held against requests and answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.lab.stand_in import Request

Json = Mapping[str, Any]


class OpenApi:
    """One API's description; `base` is what its paths come after."""

    def __init__(self, document: Json, base: str = "") -> None:
        self._document = document
        self._paths = [
            (re.compile(base + _pattern(path)), re.findall(r"{([^}]+)}", path), item)
            for path, item in document["paths"].items()
        ]

    def faults_of_request(self, request: Request) -> list[str]:
        """What is wrong with it: the path, its parameters, those of the query, and every field of the body."""
        found = self._operation(request.method, request.path)
        if found is None:
            return [f"there is no {request.method} {request.path}"]
        operation, given = found
        known = {each["name"]: each for each in operation.get("parameters", [])}
        given = {**given, **request.query}
        faults = [f"no parameter {name}" for name in given if name not in known]
        faults += [f"{name} is missing" for name, each in known.items() if each.get("required") and name not in given]
        faults += [
            f for name, value in given.items() if name in known for f in self._faults(value, known[name]["schema"])
        ]
        body = operation.get("requestBody")
        if not request.body:
            return faults + (["a body is missing"] if body and body.get("required") else [])
        if body is None:
            return [*faults, "a body where none belongs"]
        return faults + self._faults(request.json, body["content"]["application/json"]["schema"])

    def faults_of_answer(self, request: Request, body: Any) -> list[str]:
        """What of a good answer is not as it is described."""
        found = self._operation(request.method, request.path)
        if found is None:
            return [f"there is no {request.method} {request.path}"]
        return self._faults(body, found[0]["responses"]["200"]["content"]["application/json"]["schema"])

    def enum(self, schema: str) -> list[str]:
        """The values that a thing may have."""
        return list(self._document["components"]["schemas"][schema]["enum"])

    def _operation(self, method: str, path: str) -> tuple[Json, dict[str, str]] | None:
        for pattern, names, item in self._paths:
            match = pattern.fullmatch(path)
            if match and method.lower() in item:
                return item[method.lower()], dict(zip(names, map(unquote, match.groups()), strict=True))
        return None

    def _faults(self, value: Any, schema: Json) -> list[str]:
        validators: Any = pytest.importorskip("jsonschema")
        whole = {**schema, "components": self._document["components"]}
        checked = validators.Draft4Validator(whole, format_checker=validators.FormatChecker())
        return [each.message for each in checked.iter_errors(value)] + list(self._unknown(value, schema, ""))

    def _unknown(self, value: Any, schema: Json, where: str) -> Iterator[str]:
        """Fields that are not described: a validator lets them pass."""
        if "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if isinstance(value, list):
            for item in value:
                yield from self._unknown(item, schema.get("items", {}), f"{where}[]")
        if isinstance(value, dict) and "properties" in schema:
            for name, item in value.items():
                if name not in schema["properties"]:
                    yield f"no field {where}.{name}"
                else:
                    yield from self._unknown(item, schema["properties"][name], f"{where}.{name}")


def packaged(package: str, file: str) -> Json:
    """The description that comes within a package; skips where the package is not installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"the package {package}, which brings the vendor's description, is not installed: make install")
    found: Json = json.loads((Path(spec.origin).parent / file).read_text())
    return found


def _pattern(path: str) -> str:
    """A parameter is one segment, or what of it stands before a colon (`/{id}:stop`)."""
    return "([^/:]+)".join(re.escape(part) for part in re.split(r"{[^}]+}", path))
