"""The REST page, from the OpenAPI document."""

from __future__ import annotations

from typing import Any, cast

from mistserver.api.docs_page import type_name
from mistserver.api.router import create_app
from mistserver.services.context import Context
from mistserver.settings import Settings


class _NoParts:
    """Stands where the parts of a running service would: the document needs only the settings."""

    settings = Settings()


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return create_app(cast(Context, _NoParts())).openapi_schema.to_schema()


def page() -> str:
    schema = document()
    lines = [
        "# REST\n",
        "The service describes itself: `/api/v1/openapi.json` (OpenAPI 3.1) and `/api/v1/docs`. Send a token as",
        "`Authorization: Bearer mist_...`. Listings answer `items` and `next_cursor`, long work 202 with a job.",
        "An `Idempotency-Key` header makes a create safe to send again.\n",
    ]
    noun = ""
    for path, operations in sorted(schema["paths"].items()):
        this = path.removeprefix("/api/v1/").split("/")[0]
        if this != noun:
            noun = this
            lines.append(f"\n## {noun}\n\n| | | answer |\n|---|---|---|")
        for method, operation in operations.items():
            lines.append(
                f"| `{method.upper()} {path.removeprefix('/api/v1')}` | {_text(operation)} | {_answer(operation)} |"
            )
    return "\n".join(lines)


def _text(operation: dict[str, Any]) -> str:
    text = str(operation.get("description") or operation.get("summary", "")).replace("|", "\\|").replace("\n", " ")
    names = [f"`{item['name']}`" for item in operation.get("parameters", []) if item["in"] == "query"]
    return text + (f" Query: {', '.join(names)}." if names else "")


def _answer(operation: dict[str, Any]) -> str:
    for status, answer in operation.get("responses", {}).items():
        if status.startswith("2"):
            kinds = [type_name(content.get("schema", {})) for content in answer.get("content", {}).values()]
            return f"{status} {', '.join(f'`{kind}`' for kind in kinds)}"
    return ""
