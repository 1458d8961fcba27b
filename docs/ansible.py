"""The pages of the Ansible collection, from the documentation that its files carry."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mistansible.paths import COLLECTION, ROOT

FOLDER = "ansible"
MODULE, INVENTORY, CONNECTION = "modules", "inventory", "connection"
_MARKS = re.compile(r"\b([ECOVP])\(([^()]*(?:\([^()]*\))?[^()]*)\)|\bM\(mist\.mist\.(\w+)\)")


def pages() -> dict[str, str]:
    """The table, and a page a module or plugin, by file name."""
    found = [*_files(MODULE), *_files(INVENTORY), *_files(CONNECTION)]
    made = {f"{FOLDER}/{name}.md": _page(kind, name, texts) for kind, name, texts in found}
    rows = [
        f"| [`mist.mist.{texts['DOCUMENTATION'].get('name', name)}`]({FOLDER}/{name}.md) | {_kind(kind)} "
        f"| {texts['DOCUMENTATION']['short_description']} |"
        for kind, name, texts in found
    ]
    head = [
        "# The Ansible collection mist.mist\n",
        "Comes with the extra `ansible` ([how to use it](../howto/ansible.md)).",
        "Under `mistplay` the short names of modules do as well.\n",
        "| name | what | |\n|---|---|---|",
    ]
    return {"ansible.md": "\n".join([*head, *rows]), **made}


def _kind(folder: str) -> str:
    return folder.removesuffix("s")


def _files(kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Kind, name of the page, and the three texts, the first with all options of its fragments."""
    for path in sorted((COLLECTION / "plugins" / kind).glob("*.py")):
        texts = {name: yaml.safe_load(text) if name != "EXAMPLES" else text for name, text in _texts(path)}
        documented = texts["DOCUMENTATION"]
        fragments = documented.pop("extends_documentation_fragment", [])
        for fragment in [fragments] if isinstance(fragments, str) else fragments:
            _extend(documented, fragment)
        yield kind, path.stem if kind == MODULE else kind, texts


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
                yield name, ast.literal_eval(node.value)


def _extend(documented: dict[str, Any], fragment: str) -> None:
    """What the fragment adds, as Ansible does it: what is there already wins."""
    if not fragment.startswith("mist.mist."):
        documented.setdefault("notes", []).append(f"The options of Ansible's fragment C({fragment}) apply too.")
        return
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    from ansible_collections.mist.mist.plugins.doc_fragments import service, settings

    name, _, part = fragment.removeprefix("mist.mist.").partition(".")
    found = {"service": service, "settings": settings}[name].ModuleDocFragment
    added = yaml.safe_load(getattr(found, part.upper() or "DOCUMENTATION"))
    documented["options"] = {**added.get("options", {}), **documented.get("options", {})}
    for key in ("notes", "requirements"):
        if key in added:
            documented[key] = [*documented.get(key, []), *added[key]]


def _page(kind: str, name: str, texts: dict[str, Any]) -> str:
    documented = texts["DOCUMENTATION"]
    title = f"mist.mist.{documented.get('name', name)}"
    lines = [f"# {title}" + ("" if kind == MODULE else f" ({kind})"), ""]
    lines += [_plain(text) + "\n" for text in documented["description"]]
    lines += ["## Options\n", "| option | type | | |\n|---|---|---|---|"]
    lines += [_option(option, told) for option, told in sorted(documented["options"].items())]
    if "EXAMPLES" in texts:
        lines += ["\n## Examples\n", f"```yaml\n{texts['EXAMPLES'].strip()}\n```"]
    if "RETURN" in texts:
        lines += ["\n## Returns\n", "| value | type | when | |\n|---|---|---|---|"]
        lines += [
            f"| `{value}` | {told['type']} | {_cell(told['returned'])} | {_cell(told['description'])} |"
            for value, told in texts["RETURN"].items()
        ]
    lines += ["\n## Notes\n"] if documented.get("notes") else []
    lines += [f"- {_plain(note)}" for note in documented.get("notes", [])]
    return "\n".join(lines)


def _option(name: str, told: dict[str, Any]) -> str:
    names = ", ".join(f"`{each}`" for each in (name, *told.get("aliases", [])))
    kind = told.get("type", "str") + (f" of {told['elements']}" if "elements" in told else "")
    facts = ["required"] if told.get("required") else []
    if told.get("default") is not None:
        default = told["default"]
        facts.append(f"default `{str(default).lower() if isinstance(default, bool) else default}`")
    if "choices" in told:
        facts.append(" or ".join(f"`{choice}`" for choice in told["choices"]))
    described = told.get("description", "")
    text = " ".join(described) if isinstance(described, list) else described
    return f"| {names} | {kind} | {'; '.join(facts)} | {_cell(text)} |"


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Ansible's marks as Markdown."""

    def marked(match: re.Match[str]) -> str:
        if match[3]:
            return f"[{match[3]}]({match[3]}.md)"
        return f"`{match[2].partition('#')[0] if match[1] == 'P' else match[2]}`"

    return _MARKS.sub(marked, text).replace("<", "&lt;")
