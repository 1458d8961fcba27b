"""The file `~/.mist`: who signs in where, and the tokens that signing in gave."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

DEFAULT_URI = "http://127.0.0.1:8000"

_CREDENTIALS = "mist.credentials"
_SERVICE = "mist.io"
_TOKENS = "mist.tokens"
_THIS_MACHINE = frozenset("localhost ::1".split())  # noqa: SIM905 (a quoted word would be a provider's name)


class Config:
    """Sections of `key=value` lines. The first `=` separates; nothing is interpolated and `#` within a value stays."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self.found = False
        self.sections: dict[str, dict[str, str]] = {}

    @classmethod
    def read(cls, path: Path | None = None) -> Config:
        """What the file says; an absent file is an empty configuration."""
        config = cls(path)
        try:
            text = config.path.read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return config
        config.found = True
        section: dict[str, str] = {}
        for line in text.splitlines():
            stripped = line.strip()
            if not stripped or stripped[0] in "#;":
                continue
            if stripped.startswith("[") and stripped.endswith("]"):
                section = config.sections.setdefault(stripped[1:-1].strip(), {})
            elif "=" in stripped:
                key, _, value = stripped.partition("=")
                section[key.strip()] = value.strip()
        return config

    def get(self, section: str, key: str) -> str | None:
        return self.sections.get(section, {}).get(key) or None

    @property
    def uri(self) -> str:
        """`MIST_URI`, else the file's `mist_uri`, else the local service."""
        return clean_uri(os.environ.get("MIST_URI") or self.get(_SERVICE, "mist_uri") or DEFAULT_URI)

    @property
    def email(self) -> str | None:
        return os.environ.get("MIST_EMAIL") or self.get(_CREDENTIALS, "email")

    @property
    def password(self) -> str | None:
        return os.environ.get("MIST_PASSWORD") or self.get(_CREDENTIALS, "password")

    @property
    def ca_file(self) -> str | None:
        """A file of certificates to trust instead of the system's (`MIST_CA_FILE`, else `ca_file` in `[mist.io]`)."""
        return os.environ.get("MIST_CA_FILE") or self.get(_SERVICE, "ca_file")

    def token(self, uri: str) -> str | None:
        """`MIST_TOKEN`, else the token kept for exactly this service and user: one service never sees another's."""
        if given := os.environ.get("MIST_TOKEN"):
            return given
        kept = self.sections.get(_TOKENS, {})
        if self.email:
            return kept.get(f"{uri} {self.email}") or self._own_token(uri)
        mine = [token for key, token in kept.items() if key.partition(" ")[0] == uri]
        return mine[-1] if mine else self._own_token(uri)

    def _own_token(self, uri: str) -> str | None:
        """A `token=` that a person wrote beside the credentials, for the service that the file names."""
        written_for = clean_uri(self.get(_SERVICE, "mist_uri") or DEFAULT_URI)
        return self.get(_CREDENTIALS, "token") if uri == written_for else None

    def keep_token(self, uri: str, email: str, token: str) -> None:
        """Remember a token in the file (made with mode 0600)."""
        self.sections.setdefault(_TOKENS, {})[f"{uri} {email}"] = token
        self.write()

    def forget_tokens(self, uri: str) -> None:
        kept = self.sections.get(_TOKENS, {})
        for key in [key for key in kept if key.partition(" ")[0] == uri]:
            del kept[key]
        if self.found:
            self.write()

    def keep_login(self, uri: str, email: str, token: str) -> None:
        """Remember who signs in where: the token takes the password's place."""
        credentials = self.sections.setdefault(_CREDENTIALS, {})
        credentials["email"] = email
        credentials.pop("password", None)
        if uri != DEFAULT_URI or self.get(_SERVICE, "mist_uri"):
            self.sections.setdefault(_SERVICE, {})["mist_uri"] = uri
        self.keep_token(uri, email, token)

    def write(self) -> None:
        """Replace the file in one step; nobody else can read it at any moment."""
        lines = []
        for name, section in self.sections.items():
            if section:
                lines.append(f"[{name}]")
                lines.extend(f"{key}={value}" for key, value in section.items())
                lines.append("")
        target = self.path.resolve()
        beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
            beside.replace(target)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        self.found = True


def default_path() -> Path:
    return Path.home() / ".mist"


def clean_uri(uri: str) -> str:
    """The address without a trailing slash; one without a scheme gets `http://` on this machine, else `https://`."""
    cleaned = uri.strip().rstrip("/")
    if "://" in uri:
        return cleaned
    host = cleaned.partition("/")[0].rpartition(":")[0] or cleaned
    return f"http://{cleaned}" if is_loopback(host) else f"https://{cleaned}"


def is_loopback(host: str) -> bool:
    bare = host.strip("[]").lower()
    return bare in _THIS_MACHINE or (bare.startswith("127.") and bare.replace(".", "").isdigit())
