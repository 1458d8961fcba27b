"""Making a container: its options, its image, the key that opens it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tarfile
import time
from typing import Any

from mistserver.domain.errors import (
    AlreadyExists,
    InvalidInput,
    MistError,
    ProviderNotFound,
    ProviderRejected,
    ProviderTimeout,
)
from mistserver.domain.machine import MachineSpec
from mistserver.providers.docker.api import Api, mapped
from mistserver.providers.docker.machines import MARK
from mistserver.providers.http_errors import vendors_words
from mistserver.providers.rest import rate_limited

PULL_TIMEOUT_S = 600.0
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")
_PORT = re.compile(r"(\d{1,5})(/(tcp|udp))?\Z")
_VARIABLE = re.compile(r"[^=\x00]+\Z")
_TOO_OFTEN = "toomanyrequests:"  # https://distribution.github.io/distribution/spec/api/, in the engine's words
_FOLDER, _FILE = "root/.ssh", "root/.ssh/authorized_keys"
_EXTRA = ("command", "environment", "ports", "entrypoint", "user", "hostname", "pull")


def check_spec(spec: MachineSpec) -> None:
    """What Docker would refuse, with its rule; no network."""
    if not _NAME.match(spec.name):
        raise InvalidInput(
            f"Docker does not take the name {spec.name[:80]!a}: give two or more letters, digits, dots, dashes and "
            "underscores, a letter or digit first.",
            field="name",
        )
    if not spec.image:
        raise InvalidInput("Docker needs an image (--image).", field="image")
    for field, given in (("size", spec.size), ("location", spec.location)):
        if given:
            raise InvalidInput(f"Docker has no {field}s; leave --{field} out.", field=field)
    for name in spec.extra:
        if name not in _EXTRA:
            raise InvalidInput(f"Docker takes {', '.join(_EXTRA)} as extra options, not {name!r}.", field="extra")
    _argv(spec.extra.get("command"), "command")
    _argv(spec.extra.get("entrypoint"), "entrypoint")
    _environment(spec.extra.get("environment"))
    _ports(spec.extra.get("ports"))


def create(api: Api, spec: MachineSpec) -> str:
    """The id of a new, started container that carries the mark as a label. What could not be started is removed."""
    id = _created(api, spec)
    try:
        for each in spec.networks[1:]:
            api.call("connect_container_to_network", id, each)
        if spec.public_key:
            let_in(api, id, spec.public_key)
        api.call("start", id)
    except (ProviderRejected, ProviderNotFound):
        with contextlib.suppress(MistError):
            api.call("remove_container", id, force=True, v=True)
        raise
    return id


def _created(api: Api, spec: MachineSpec) -> str:
    try:
        return _asked(api, spec)
    except ProviderNotFound as error:
        if "image" not in error.message.lower() or spec.extra.get("pull") is False:
            raise
        pull(api, spec.image)
        return _asked(api, spec)
    except ProviderRejected as error:
        if error.facts.get("status") == 409:
            raise AlreadyExists(f"Docker has a container called {spec.name!r} already.", name=spec.name) from None
        raise


def _asked(api: Api, spec: MachineSpec) -> str:
    ports = _ports(spec.extra.get("ports"))
    binding = {f"{port}/{kind}": outside for (port, kind), outside in ports.items()}
    network = spec.networks[0] if spec.networks else None
    made = api.call(
        "create_container",
        spec.image,
        name=spec.name,
        command=_argv(spec.extra.get("command"), "command"),
        entrypoint=_argv(spec.extra.get("entrypoint"), "entrypoint"),
        environment=_environment(spec.extra.get("environment")),
        user=spec.extra.get("user"),
        hostname=spec.extra.get("hostname"),
        ports=list(ports) or None,
        labels={MARK: spec.mark},
        stdin_open=True,
        tty=True,
        host_config=api.call("create_host_config", port_bindings=binding or None, network_mode=network),
    )
    return str(made["Id"])


def pull(api: Api, image: str) -> None:
    """Fetch an image from its registry. The engine reports a failure inside a stream that began well."""
    repository, tag = _reference(image)
    until = time.monotonic() + PULL_TIMEOUT_S
    try:
        lines = api.call("pull", repository, tag=tag, stream=True, decode=True, auth_config={})
        with mapped("pull", api.where):
            for line in lines:
                if "error" in line:
                    raise ProviderRejected(vendors_words(str(line["error"])))
                if time.monotonic() > until:
                    raise ProviderTimeout(f"The image {image!r} was not there after {PULL_TIMEOUT_S:g} s of pulling.")
    except (ProviderRejected, ProviderNotFound) as error:
        if _TOO_OFTEN in error.message:
            raise rate_limited(f"The registry of the image {image!r}", None, image=image) from None
        raise ProviderNotFound(
            f"Docker has no image {image!r}, and could not pull it: {error.message}", image=image
        ) from None


def let_in(api: Api, id: str, public_key: str) -> None:
    """Add the key to root's, before the container starts; whether an SSH server runs is the image's business."""
    known = b""
    with contextlib.suppress(ProviderNotFound):
        chunks, _ = api.call("get_archive", id, f"/{_FILE}")
        with mapped("read a file", api.where):
            packed = io.BytesIO(b"".join(chunks))
        with tarfile.open(fileobj=packed) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            known = member.read() if member else b""
    line = public_key.strip().encode()
    if line in known.splitlines():
        return
    text = known + (b"\n" if known and not known.endswith(b"\n") else b"") + line + b"\n"
    api.call("put_archive", id, "/", _archive(text))


def _archive(text: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        folder = tarfile.TarInfo(_FOLDER)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o700
        archive.addfile(folder)
        file = tarfile.TarInfo(_FILE)
        file.size, file.mode = len(text), 0o600
        archive.addfile(file, io.BytesIO(text))
    return out.getvalue()


def _reference(image: str) -> tuple[str, str]:
    """Repository and tag (or digest). A colon before the last slash is a registry's port."""
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    head, _, tail = image.rpartition("/")
    name, _, tag = tail.partition(":")
    return (f"{head}/{name}" if head else name), tag or "latest"


def _argv(value: Any, field: str) -> list[str] | None:
    if value is None or value == "":
        return None
    try:
        parts = shlex.split(value) if isinstance(value, str) else value
    except ValueError:
        parts = None
    if not isinstance(parts, list) or not all(isinstance(part, str) and "\0" not in part for part in parts):
        raise InvalidInput(f"The {field} has to be a command line or a list of words.", field=field)
    return parts


def _environment(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    pairs = dict(str(each).partition("=")[::2] for each in value) if isinstance(value, list) else value
    if not isinstance(pairs, dict) or not all(isinstance(name, str) and _VARIABLE.match(name) for name in pairs):
        raise InvalidInput("The environment has to be a list of NAME=VALUE, or an object.", field="environment")
    return {name: str(value) for name, value in pairs.items()}


def _ports(value: Any) -> dict[tuple[int, str], int | None]:
    """`["22", "53/udp"]` or `{"22": 2222}`: container ports and the host's ports for them (None: any that is free)."""
    pairs = dict.fromkeys(map(str, value)) if isinstance(value, list) else value or {}
    found: dict[tuple[int, str], int | None] = {}
    for inside, outside in pairs.items() if isinstance(pairs, dict) else [("", "")]:
        match = _PORT.match(str(inside))
        free = outside in (None, "", 0)
        if not match or not (free or (str(outside).isdecimal() and len(str(outside)) < 6 and 0 < int(outside) < 65536)):
            raise InvalidInput('The ports have to be like ["22", "53/udp"] or {"22": 2222}.', field="ports")
        found[int(match[1]), match[3] or "tcp"] = None if free else int(outside)
    return found
