"""How a cluster is reached, and who asks: by a kubeconfig, or by a host with a token or a client's certificate."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from mistserver.domain.errors import InvalidInput
from mistserver.providers.declare import ProviderSettings, setting
from mistserver.ssh.target import clean_host

TITLE = "KubeVirt"
NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNFIT = ("exec", "auth-provider", "tokenFile", "client-certificate", "client-key", "username")
_FLATTEN = "`kubectl config view --raw --flatten --minify` prints one that holds everything"


class Settings(ProviderSettings, frozen=True, kw_only=True):
    kubeconfig: Annotated[
        str | None, setting("A kubeconfig (YAML)", flag="kubevirt-kubeconfig", kind="file", secret=True)
    ] = None
    host: Annotated[
        str | None, setting("Address of the Kubernetes API, without a kubeconfig", flag="kubevirt-host", kind="host")
    ] = None
    port: Annotated[int, setting("Port of the Kubernetes API", flag="kubevirt-port", kind="port")] = 6443
    token: Annotated[str | None, setting("Token of a service account", flag="kubevirt-token", secret=True)] = None
    cert_file: Annotated[
        str | None, setting("Certificate of the client (PEM)", flag="kubevirt-cert-file", kind="file")
    ] = None
    key_file: Annotated[
        str | None, setting("Private key of the client (PEM)", flag="kubevirt-key-file", kind="file", secret=True)
    ] = None
    namespace: Annotated[
        str | None, setting("The only namespace to use; default: all of them", flag="kubevirt-namespace")
    ] = None


@dataclass(frozen=True)
class Access:
    """Where the API is and how it knows the caller. `client_pem` is a certificate with its key."""

    url: str
    token: str | None = None
    client_pem: str | None = None
    ca_pem: str | None = None


def validated(settings: Settings) -> Settings:
    """InvalidInput names the field."""
    access(settings)
    if settings.namespace is not None and not NAMESPACE.fullmatch(settings.namespace):
        raise InvalidInput(f"{settings.namespace[:80]!a} cannot be a namespace.", field="namespace")
    return settings


def access(settings: Settings) -> Access:
    if bool(settings.kubeconfig) == bool(settings.host):
        raise InvalidInput(f"{TITLE} needs a kubeconfig, or a host with a token or a certificate.", field="kubeconfig")
    if settings.kubeconfig:
        return _from_kubeconfig(settings.kubeconfig)
    if bool(settings.cert_file) != bool(settings.key_file):
        missing = "cert_file" if settings.key_file else "key_file"
        raise InvalidInput(f"{TITLE} needs the client's key and its certificate; {missing} is missing.", field=missing)
    if not settings.token and not settings.cert_file:
        raise InvalidInput(f"{TITLE} needs a token or a client's certificate.", field="token")
    client = f"{settings.cert_file}\n{settings.key_file}" if settings.cert_file else None
    return Access(_url(settings.host or "", settings.port, "host"), _token(settings.token), client)


def _from_kubeconfig(text: str) -> Access:
    import yaml

    try:
        config = yaml.safe_load(text)
        context = _named(config, "contexts", "context", config["current-context"])
        cluster = _named(config, "clusters", "cluster", context["cluster"])
        user = _named(config, "users", "user", context["user"])
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, RecursionError):
        message = f"The kubeconfig does not tell a current cluster and user; {_FLATTEN}."
        raise InvalidInput(message, field="kubeconfig") from None
    unfit = next((name for name in _UNFIT if user.get(name)), None)
    unfit = unfit or ("certificate-authority" if cluster.get("certificate-authority") else None)
    if unfit:
        message = f"The kubeconfig's {unfit} leads outside of it, which the service does not follow; {_FLATTEN}."
        raise InvalidInput(message, field="kubeconfig")
    if cluster.get("insecure-skip-tls-verify") or cluster.get("proxy-url"):
        message = "The kubeconfig skips the check of the certificate or names a proxy; neither is done here."
        raise InvalidInput(message, field="kubeconfig")
    pair = [_data(user, f"client-{part}-data") for part in ("certificate", "key")]
    if not user.get("token") and not all(pair):
        raise InvalidInput(f"The kubeconfig holds neither a token nor a certificate; {_FLATTEN}.", field="kubeconfig")
    client = "\n".join(part for part in pair if part) if all(pair) else None
    url = _url(str(cluster.get("server") or ""), None, "kubeconfig")
    return Access(url, _token(user.get("token")), client, _data(cluster, "certificate-authority-data"))


def _named(config: Any, listed: str, kind: str, name: Any) -> dict[str, Any]:
    found = next(each[kind] for each in [*config[listed], {"name": name, kind: None}] if each["name"] == name)
    if not isinstance(found, dict):
        raise LookupError(name)
    return found


def _data(part: dict[str, Any], name: str) -> str | None:
    if not part.get(name):
        return None
    try:
        return base64.b64decode(str(part[name]), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidInput(f"The kubeconfig's {name} is not a PEM in base64.", field="kubeconfig") from None


def _token(token: Any) -> str | None:
    if token is None:
        return None
    if not isinstance(token, str) or any(ord(char) < 33 or ord(char) > 126 for char in token):
        raise InvalidInput("The token holds a character that none has.", field="token")
    return token


def _url(given: str, port: int | None, field: str) -> str:
    if "://" not in given:
        given = f"https://[{given}]" if given.count(":") > 1 and not given.startswith("[") else f"https://{given}"
    try:
        parts = urlsplit(given)
        host, port = clean_host(parts.hostname or ""), parts.port or port or 443
    except (ValueError, InvalidInput):
        raise InvalidInput(f"{given[:80]!a} is not the address of a Kubernetes API.", field=field) from None
    if parts.scheme != "https" or parts.query or parts.username:
        raise InvalidInput(f"The Kubernetes API is reached at https://, not at {given[:80]!a}.", field=field)
    path = parts.path.rstrip("/")
    return f"https://[{host}]:{port}{path}" if ":" in host else f"https://{host}:{port}{path}"
