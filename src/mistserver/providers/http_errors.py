"""What can go wrong on the way to a vendor's HTTP service, whichever library carries the call."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from mistserver.domain.errors import (
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderError,
    ProviderTimeout,
    ProviderUnreachable,
)
from mistserver.domain.names import visible

_TIMEOUTS = ("ReadTimeout", "ConnectTimeout", "ReadTimeoutError", "ConnectTimeoutError", "Timeout")
_CLIENT_REFUSED = re.compile("ALERT_(CERTIFICATE_|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)")
_BROKEN = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, EOFError)
_NO_WAY = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def network_error(error: BaseException, where: str) -> ProviderError:
    """The error of ours for one of requests', urllib3's, botocore's or the socket's; `where` is the address asked."""
    found = list(_causes(error))
    certificate = next((item for item in found if isinstance(item, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return ProviderUnreachable(
            f"The certificate that {where} showed is not trusted ({certificate.verify_message}); "
            "give the certificate of its authority, or the name that the certificate holds.",
            where=where,
        )
    if any(isinstance(item, TimeoutError) or type(item).__name__ in _TIMEOUTS for item in found):
        return ProviderTimeout(f"{where} did not answer in time.", where=where)
    if any(isinstance(item, socket.gaierror) for item in found):
        return ProviderUnreachable(f"The name in {where} cannot be resolved.", where=where)
    if any(isinstance(item, ConnectionRefusedError) for item in found):
        return ProviderUnreachable(f"{where} refused the connection; is the service there running?", where=where)
    if any(isinstance(item, OSError) and item.errno in _NO_WAY for item in found):
        return ProviderUnreachable(f"There is no way to {where} from here.", where=where)
    if any(isinstance(item, FileNotFoundError | PermissionError) for item in found):
        return ProviderUnreachable(f"{where} is missing, or may not be opened by the service.", where=where)
    if any(
        isinstance(item, ssl.SSLError) and _CLIENT_REFUSED.search(str(getattr(item, "reason", ""))) for item in found
    ):
        return ProviderAuthFailed(
            f"{where} asks for a client certificate that it trusts, and was shown none or another.", where=where
        )
    if any(isinstance(item, ssl.SSLError) for item in found):
        return ProviderUnreachable(
            f"No TLS connection to {where} came about; does it speak TLS, and is the port the right one?", where=where
        )
    if any(isinstance(item, _BROKEN) or _is_protocol_error(item) for item in found):
        return ProviderUnreachable(f"{where} broke the connection before it had answered.", where=where)
    return ProviderUnreachable(f"{where} cannot be reached ({type(error).__name__}).", where=where)


def bad_answer(where: str, body: bytes | str = b"") -> ProviderBadAnswer:
    """For an answer that is not the vendor's protocol; says so when it is a web page."""
    start = body[:512] if isinstance(body, str) else body[:512].decode("latin-1")
    if "<html" in start.lower() or "<!doctype html" in start.lower():
        what = "a web page; is the address the one of the API, and is there a proxy between?"
    else:
        what = "something that is not its API's protocol."
    return ProviderBadAnswer(f"{where} answered with {what}", where=where)


@contextmanager
def understood(where: str) -> Iterator[None]:
    """Around the reading of an answer that parsed: one whose shape is not the API's is a bad answer."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError):
        raise bad_answer(where) from None


def vendors_words(text: str, limit: int = 500) -> str:
    """A vendor's message made fit for ours: one line, nothing hidden in it, not endless."""
    line = visible(" ".join(text.split())).strip()
    return line if len(line) <= limit else line[:limit] + "..."


def _is_protocol_error(error: BaseException) -> bool:
    return type(error).__name__ in {"ProtocolError", "RemoteDisconnected", "IncompleteRead", "ChunkedEncodingError"}


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it carries: libraries wrap in `__cause__`, `args`, `reason` and keyword arguments."""
    waiting, seen = [error], set()
    while waiting:
        item = waiting.pop(0)
        if id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        named = getattr(item, "kwargs", None)
        carried = [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
        carried += list(named.values()) if isinstance(named, dict) else []
        waiting += [one for one in carried if isinstance(one, BaseException)]
