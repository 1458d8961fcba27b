"""Signatures of requests, version 1: https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mistserver.domain.errors import InvalidInput

if TYPE_CHECKING:
    import requests

_ALWAYS = ("date", "(request-target)", "host")
_WITH_BODY = (*_ALWAYS, "content-length", "content-type", "x-content-sha256")
_HAVE_BODY = ("POST", "PUT", "PATCH")


class Signer:
    """Signs with one API key. `key_id` is tenancy/user/fingerprint."""

    def __init__(self, key_id: str, private_key: Any) -> None:
        self._key_id = key_id
        self._private_key = private_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The last thing done to a request before it is sent."""
        parts = urlsplit(request.url or "")
        method = (request.method or "").upper()
        names: tuple[str, ...] = _ALWAYS
        request.headers["date"] = formatdate(usegmt=True)
        request.headers["host"] = parts.netloc
        if method in _HAVE_BODY:
            body = request.body or b""
            plain = body.encode() if isinstance(body, str) else bytes(body)
            request.headers["content-length"] = str(len(plain))
            request.headers.setdefault("content-type", "application/json")
            request.headers["x-content-sha256"] = base64.b64encode(hashlib.sha256(plain).digest()).decode()
            names = _WITH_BODY
        target = f"{method.lower()} {request.path_url}"
        request.headers["authorization"] = self.authorization(signing_text(names, target, request.headers), names)
        return request

    def authorization(self, text: str, names: tuple[str, ...]) -> str:
        """The header for the signature of `text`, which was made of the headers `names`."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        signature = base64.b64encode(
            self._private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        ).decode()
        return (
            f'Signature version="1",headers="{" ".join(names)}",keyId="{self._key_id}",'
            f'algorithm="rsa-sha256",signature="{signature}"'
        )


def signing_text(names: tuple[str, ...], target: str, headers: Mapping[str, str | bytes]) -> str:
    """What is signed: the named headers, a line each. `target` is the method in lower case, and the path with query."""
    return "\n".join(f"{name}: {target if name == '(request-target)' else headers[name]!s}" for name in names)


def private_key(pem: str, passphrase: str | None) -> Any:
    """The RSA key of an API key; InvalidInput without a word of it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise InvalidInput(
            "The private key is no RSA key in PEM form, or its passphrase (--oci-passphrase) is missing or wrong.",
            field="private_key",
        )
    return key
