"""Backends: accounts at providers."""

from __future__ import annotations

from typing import Any

from mistclient.lists import CallableList, matches
from mistclient.model.catalog import Catalog
from mistclient.model.job import Job
from mistclient.model.machine import Machine, id_of
from mistclient.model.thing import Thing
from mistclient.transport import segment

CREATE_TIMEOUT_S = 120.0
_EARLIER_CREATE_NAMES = {
    "image_extra": "image_extra",
    "disk": "disk",
    "docker_command": "command",
    "docker_env": "env",
    "location_name": "location_name",
    "ips": "ips",
    "associate_floating_ip": "associate_floating_ip",
}


class Backend(Thing, Catalog):
    """One backend, with what its last reading said of it."""

    def __repr__(self) -> str:
        return f"Backend => {self.title}, {self.provider_label}, {self.id}"

    @property
    def title(self) -> str:
        """Its name, under the word of Mist's first Python API."""
        return self.name

    @property
    def provider(self) -> str:
        return str(self.record["provider"])

    @property
    def provider_label(self) -> str:
        """What listings show as provider: the region where regions are as good as providers of their own."""
        return str(self.record.get("provider_label") or self.provider)

    @property
    def enabled(self) -> bool:
        return bool(self.record.get("enabled"))

    @property
    def state(self) -> str:
        return str(self.record.get("state"))

    @property
    def trouble(self) -> dict[str, Any] | None:
        """Why its machines could not be read, how often in a row, and when the service asks again; None when well."""
        return self.record.get("trouble")

    @property
    def info(self) -> dict[str, Any]:
        settings = self.record.get("settings") or {}
        earlier = {
            "title": self.name,
            "apikey": None,
            "poll_interval": None,
            "tenant_name": settings.get("tenant_name"),
        }
        return {**earlier, **self.record}

    @property
    def path(self) -> str:
        return f"/backends/{segment(self.id)}"

    def refresh(self) -> Backend:
        self.record = self._client.transport.call("GET", self.path)
        return self

    def rename(self, new_name: str) -> None:
        self.update(name=new_name)

    def enable(self) -> None:
        self.update(enabled=True)

    def disable(self) -> None:
        self.update(enabled=False)

    def update(self, **changes: Any) -> None:
        """Change `name`, `enabled`, `address_use` or `jump_host`."""
        record = self._client.transport.call("PATCH", self.path, body=changes)
        self.record = record or {**self.record, **changes}
        self._client.forget_backends()

    def update_credentials(self, **credentials: Any) -> None:
        """Replace credentials in place, under the names that `add_backend` takes; checked before they are stored."""
        body = self._client.declarations.credentials_body(self.provider, credentials)
        record = self._client.transport.call("PUT", f"{self.path}/credentials", body=body, timeout_s=120.0)
        self.record = record or self.record
        self._client.forget_backends()

    def delete(self) -> None:
        """Remove it from Mist; nothing happens at the provider."""
        self._client.transport.call("DELETE", self.path)
        self._client.forget_backends()

    @property
    def machines(self) -> CallableList[Machine]:
        """Its machines, as last listed; `machines(id=..., name=..., search=...)` picks some."""
        mine = [machine for machine in self._client.machines if machine.record["backend_id"] == self.id]
        return CallableList(mine, "machines", matches_machine)

    def update_machines(self) -> CallableList[Machine]:
        self._client.update_machines()
        return self.machines

    def machine_from_id(self, machine_id: str) -> Machine | None:
        return next(iter(self.machines(id=machine_id)), None)

    def machine_from_name(self, name: str) -> Machine | None:
        return next(iter(self.machines(name=name)), None)

    def machine_from_ip(self, ip: str) -> Machine | None:
        return next((machine for machine in self.machines if ip in machine.record["public_ips"]), None)

    def search_machine(self, term: str) -> Machine | None:
        """The machine with this id, name or address, tried in turn."""
        return self.machine_from_id(term) or self.machine_from_name(term) or self.machine_from_ip(term)

    def create_machine(
        self,
        name: str,
        key: object = None,
        image_id: object = None,
        location_id: object = None,
        size_id: object = None,
        **options: Any,
    ) -> Machine | Job:
        """Create a machine and wait for it; the machine, or with `async_=True` its job.

        Image, location, size, key and networks are ids, or things as the listings give them. Options: `networks`,
        `script` and `user_data` (their texts), `sudo`, `tags`, `wait` ("running" or "ssh"), `wait_timeout_s`,
        `quantity` (then the first machine is answered), `extra` (what only this provider takes), `async_`.
        """
        body: dict[str, Any] = {
            "name": name,
            "key": id_of(key),
            "image": id_of(image_id),
            "location": id_of(location_id),
            "size": id_of(size_id),
        }
        background = bool(options.pop("async_", False) or options.pop("async", False))
        job = self.request_machine(body, options)
        if background:
            return job
        job.wait()
        self._client.forget_machines()
        return self._client.machine(created_ids(job)[0])

    def request_machine(self, body: dict[str, Any], options: dict[str, Any]) -> Job:
        """Ask for machines; the job that makes them."""
        asked = {**body, **_creation_options(options), "backend": self.id}
        present = {field: value for field, value in asked.items() if value is not None}
        answer = self._client.transport.call("POST", "/machines", body=present, timeout_s=CREATE_TIMEOUT_S)
        self._client.forget_machines()
        return Job(self._client.transport, answer)


def _creation_options(options: dict[str, Any]) -> dict[str, Any]:
    known = {
        "networks",
        "script",
        "sudo",
        "user_data",
        "tags",
        "monitoring",
        "wait",
        "wait_timeout_s",
        "quantity",
        "extra",
    }
    passed = {name: value for name, value in options.items() if name in known}
    extra = dict(passed.pop("extra", None) or {})
    for name, value in options.items():
        if name in known:
            continue
        if name in _EARLIER_CREATE_NAMES:
            if value not in ("", None, []):
                extra[_EARLIER_CREATE_NAMES[name]] = value
        else:
            raise TypeError(f"create_machine() takes no {name!r}; what only some providers take goes into extra={{}}.")
    if networks := passed.get("networks"):
        passed["networks"] = [id_of(network) for network in networks]
    return {**passed, **({"extra": extra} if extra else {})}


def created_ids(job: Job) -> list[str]:
    """The ids of the machines that a create made."""
    result = job.result
    if found := result.get("machine_ids"):
        return [str(machine_id) for machine_id in found]
    if found := result.get("machines"):
        return [str(machine["id"] if isinstance(machine, dict) else machine) for machine in found]
    return [str(result.get("machine_id") or job.info.get("subject_id"))]


def matches_backend(backend: Backend, name: str, wanted: str) -> bool:
    providers = (backend.provider, backend.provider_label)
    searched = (backend.title, backend.id, *providers)
    texts = {"id": (backend.id,), "name": (backend.title,), "provider": providers, "search": searched}
    return matches(texts, name, wanted)


def matches_machine(machine: Machine, name: str, wanted: str) -> bool:
    ids = (machine.id, str(machine.record.get("external_id", "")))
    return matches({"id": ids, "name": (machine.name,), "search": (machine.name, *ids)}, name, wanted)
