"""One rule for all the spellings of commands and options: `_` is `-`, and repeated dashes are one."""

from __future__ import annotations


def spelling(word: str) -> str:
    """`create_machine` is `create-machine`, `--openstack--username` is `--openstack-username`.

    Only the part before `=` changes; two leading dashes stay two.
    """
    name, equals, value = word.partition("=")
    lead = "--" if name.startswith("--") else ""
    parts = [part for part in name[len(lead) :].replace("_", "-").split("-") if part]
    return f"{lead}{'-'.join(parts)}{equals}{value}"
