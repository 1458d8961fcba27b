"""TLS towards vendors: always verifying, and without files: keys and authorities exist in memory alone."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import ssl
from contextlib import closing
from pathlib import Path

from mistserver.domain.errors import InvalidInput, ProviderUnreachable
from mistserver.providers.through import Dial

_SHA256 = re.compile(r"[0-9a-f]{64}")


def verifying(ca_pem: str | None, client_pem: str | None = None) -> ssl.SSLContext:
    """A context that trusts `ca_pem` (else what this machine trusts) and shows `client_pem` (certificate and key).

    InvalidInput when either is no unencrypted PEM, or key and certificate do not belong together.
    """
    try:
        context = ssl.create_default_context(cadata=ca_pem)
    except (ssl.SSLError, ValueError):
        raise InvalidInput("The certificate of the authority is not in PEM form.", field="ca_file") from None
    if ca_pem is None and not _machine_trusts_any():
        import certifi

        context.load_verify_locations(certifi.where())
    if client_pem is not None:
        _show(context, client_pem)
    return context


def fingerprint(given: str, field: str = "fingerprint") -> str:
    """A certificate's SHA-256 as 64 hexadecimal digits, however it is written; InvalidInput for what is none."""
    plain = re.sub(r"^sha256[:=\s]+", "", given.strip().lower()).replace(":", "").replace(" ", "")
    if not _SHA256.fullmatch(plain):
        raise InvalidInput(
            "The fingerprint has to be the SHA-256 of the certificate: 64 hexadecimal digits.", field=field
        )
    return plain


def pinned(dial: Dial, timeout_s: float, expected: str, where: str, client_pem: str | None = None) -> ssl.SSLContext:
    """A context that trusts one certificate, whatever names it holds: the one that the server shows, if it is expected.

    `expected` is as `fingerprint` gives it. The first handshake only fetches the certificate: nothing is sent over it,
    and no client's certificate is shown. Raises what the network raises, and ProviderUnreachable for another one.
    """
    shown = _shown(dial, timeout_s)
    if not hmac.compare_digest(hashlib.sha256(shown).hexdigest(), expected):
        raise ProviderUnreachable(
            f"The certificate that {where} showed is not trusted (its fingerprint is another); if it was renewed, give "
            "the new fingerprint.",
            where=where,
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the certificate itself is known, its names need not be
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=shown)
    if client_pem is not None:
        _show(context, client_pem)
    return context


def _shown(dial: Dial, timeout_s: float) -> bytes:
    """The certificate (DER) of whoever answers, not verified yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with closing(dial(timeout_s)) as plain:
        plain.settimeout(timeout_s)
        with context.wrap_socket(plain, do_handshake_on_connect=True) as stream:
            return stream.getpeercert(binary_form=True) or b""


def _show(context: ssl.SSLContext, client_pem: str) -> None:
    """Python reads a client's key from files only: this one has no name."""
    with os.fdopen(os.memfd_create("client", os.MFD_CLOEXEC), "wb") as file:
        file.write(f"{client_pem}\n".encode())
        file.flush()
        try:
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}", password="")
        except (ssl.SSLError, OSError, ValueError):
            raise InvalidInput(
                "The key and the certificate do not belong together, or are not unencrypted PEM.", field="key_file"
            ) from None


def _machine_trusts_any() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (bool(paths.capath) and any(Path(paths.capath).iterdir()))
