"""TLS towards vendors: always verifying, and without files: keys and authorities exist in memory alone."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from mistserver.domain.errors import InvalidInput


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
