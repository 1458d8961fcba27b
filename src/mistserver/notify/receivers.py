"""Receivers by URL, through Apprise: https://appriseit.com/services/

A URL holds passwords and tokens, so nothing that is raised here repeats any part of it.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from mistserver.domain.errors import InvalidInput, NotSupported, ReceiverError

# what shows or keeps a message on the service's own host, or runs something there
_ON_THIS_HOST = frozenset(
    {"dbus", "qt", "glib", "gio", "kde", "gnome", "macosx", "windows", "syslog", "rsyslog", "file", "rrd", "exec"}
)
_LONGEST = 200
_SHORTEST_SECRET = 4


def kind_of(url: str) -> str:
    """How the URL begins, in lower case; InvalidInput for one that no receiver has or that cannot be used safely."""
    _receiver(url)
    return _scheme(url)


def send(url: str, title: str, body: str) -> None:
    """Blocking; each exchange has a time-out. ReceiverError when the message was not taken, surely or perhaps."""
    receiver = _receiver(url)
    with _overheard() as words:
        try:
            taken = receiver.notify(title=title, body=body, body_format="text")
        except Exception as error:
            raise ReceiverError(f"The receiver could not be told: {type(error).__name__}.") from None
    if not taken:
        said = _without_secrets(" ".join(words), url)[:_LONGEST]
        raise ReceiverError(f"The receiver did not take the message{': ' + said if said else '.'}")


def _receiver(url: str) -> Any:
    try:
        import apprise
    except ImportError:
        raise NotSupported("Channels need the extra `notify`: pip install 'mist[notify]'.") from None
    if _scheme(url) in _ON_THIS_HOST:
        raise InvalidInput("Messages are not shown on the service's own host; give a receiver elsewhere.", field="url")
    with _overheard():
        asset = apprise.AppriseAsset(async_mode=False, app_id="Mist", app_desc="Mist", app_url="", plugin_paths=[])
        receiver = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if receiver is None:
        raise InvalidInput(
            "This is not the URL of a receiver; `mist add-channel --help` shows some (mailtos://..., jsons://...).",
            field="url",
        )
    if not receiver.verify_certificate:
        raise InvalidInput("The certificate of a receiver is always verified; leave verify=no out.", field="url")
    return receiver


def _scheme(url: str) -> str:
    return url.partition(":")[0].strip().lower()


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What Apprise says in its log in this thread, which is the only place where it tells why; it goes no further."""
    words: list[str] = []
    me = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == me:
                words.append(record.getMessage())

    listener, log = Listener(logging.WARNING), logging.getLogger("apprise")
    log.propagate = False
    log.addHandler(listener)
    try:
        yield words
    finally:
        log.removeHandler(listener)


def _without_secrets(text: str, url: str) -> str:
    """Every part of the URL that may be a secret is blotted out; the host may stay."""
    rest = url.partition("://")[2]
    parts = re.split(r"[/?&=:@+,]", rest)
    for part in sorted({unquote(part) for part in parts} | set(parts), key=len, reverse=True):
        if len(part) >= _SHORTEST_SECRET and part not in _harmless(rest):
            text = text.replace(part, "***")
    return " ".join(text.split())


def _harmless(rest: str) -> set[str]:
    host = rest.rpartition("@")[2] if "@" in rest.partition("/")[0] else rest
    return {re.split(r"[/?:]", host)[0]} if "/" in rest or "@" in rest else set()
