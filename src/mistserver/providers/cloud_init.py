"""User data for cloud-init, made of ours and the user's (its formats: docs.cloud-init.io, explanation/format)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

_HEAD = "#cloud-config\n"


def combined(config: Mapping[str, object], user_data: str | None) -> str:
    """Both in one text. JSON is YAML too, so no value can break out of its place."""
    own = _HEAD + json.dumps(config)
    if not user_data:
        return own
    both = MIMEMultipart(boundary="=====mist=====")
    both.attach(MIMEText(own, "cloud-config"))
    both.attach(MIMEText(user_data, _kind(user_data)))
    return both.as_string()


def _kind(text: str) -> str:
    if text.startswith("#!"):
        return "x-shellscript"
    return "cloud-config" if text.startswith(_HEAD.strip()) else "plain"
