"""The OpenAPI document, and a plain page that shows it without asking any other host."""

from __future__ import annotations

import html
from typing import Any

import litestar
from litestar import Request, Response

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
h2{margin-top:2.5rem;border-bottom:1px solid #8888}details{margin:.4rem 0}summary{cursor:pointer}
code{font-size:.95em}summary code:first-child{display:inline-block;min-width:4.5rem;font-weight:600}
table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #8886;padding:.2rem .6rem;text-align:left}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@litestar.get("/openapi.json", public=True, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """OpenAPI 3.1."""
    return Response(request.app.openapi_schema.to_schema(), media_type="application/json")


@litestar.get("/docs", public=True, include_in_schema=False)
async def docs(request: Request[Any, Any, Any]) -> Response[str]:
    schema = request.app.openapi_schema.to_schema()
    return Response(page(schema), media_type="text/html", headers={"Content-Security-Policy": _POLICY})


def page(schema: dict[str, Any]) -> str:
    """Every operation by noun, then every record."""
    nouns: dict[str, list[str]] = {}
    for path, operations in sorted(schema["paths"].items()):
        noun = path.removeprefix("/api/v1/").split("/")[0]
        for method, operation in operations.items():
            nouns.setdefault(noun, []).append(_operation(method, path, operation))
    parts = [f"<h2>{html.escape(noun)}</h2>{''.join(items)}" for noun, items in nouns.items()]
    records = schema["components"]["schemas"]
    parts.append("<h2>Records</h2>" + "".join(_record(name, record) for name, record in sorted(records.items())))
    title = f"{html.escape(schema['info']['title'])} {html.escape(schema['info']['version'])}"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title} API</title><style>{_STYLE}</style><h1>{title} API</h1>"
        f"<p>{html.escape(schema['info'].get('description', ''))} <a href=openapi.json>openapi.json</a></p>"
        f"{''.join(parts)}</html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    text = html.escape(operation.get("description") or operation.get("summary", ""))
    rows = [
        (item["name"], item["in"], type_name(item.get("schema", {})), item.get("description", ""))
        for item in operation.get("parameters", [])
    ]
    body = operation.get("requestBody", {}).get("content", {})
    rows += [("body", kind, type_name(content.get("schema", {})), "") for kind, content in body.items()]
    for status, answer in operation.get("responses", {}).items():
        kinds = [type_name(content.get("schema", {})) for content in answer.get("content", {}).values()]
        rows.append((status, "answer", ", ".join(kinds), answer.get("description", "")))
    return (
        f"<details><summary><code>{method.upper()}</code> <code>{html.escape(path)}</code> {text}</summary>"
        f"{_table(rows)}</details>"
    )


def _record(name: str, record: dict[str, Any]) -> str:
    required = set(record.get("required", []))
    rows = [
        (field, "required" if field in required else "", type_name(schema), schema.get("description", ""))
        for field, schema in record.get("properties", {}).items()
    ]
    text, name = html.escape(record.get("description", "")), html.escape(name)
    return f"<details id='{name}'><summary><code>{name}</code> {text}</summary>{_table(rows)}</details>"


def type_name(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "oneOf" in schema:
        return " or ".join(type_name(item) for item in schema["oneOf"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    cells = ("".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>" if rows else ""


ROUTES = [openapi_json, docs]
