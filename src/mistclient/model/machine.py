"""Machines of any backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mistclient.model.job import Job
from mistclient.model.key import Key
from mistclient.model.monitored import Monitored
from mistclient.model.ruled import Ruled
from mistclient.model.thing import Thing
from mistclient.transport import segment

if TYPE_CHECKING:
    from mistclient.client import MistClient
    from mistclient.model.backend import Backend


class Machine(Thing, Monitored, Ruled):
    """One machine. `info` is what the service last said of it, under its own and under Mist's earlier names."""

    def __init__(self, client: MistClient, record: dict[str, Any]) -> None:
        super().__init__(client, record)
        self.probed = False

    def __repr__(self) -> str:
        return f"Machine => {self.name}, {self.id}"

    @property
    def state(self) -> str:
        return str(self.record["state"])

    @property
    def tags(self) -> list[str]:
        return list(self.record.get("tags") or [])

    @property
    def info(self) -> dict[str, Any]:
        return with_earlier_names(self.record)

    @property
    def monitoring(self) -> dict[str, Any] | None:
        """How its samples come just now: `way`, `interval_s`, `newest_at`, `age_s`, and whether it is `silent`.

        None when it is not monitored. Asks the service each time.
        """
        found: dict[str, Any] | None = self.refresh().record.get("monitoring")
        return found

    @property
    def backend(self) -> Backend | None:
        """The backend it belongs to (None when that has been deleted)."""
        found = self._client.backends(id=str(self.record["backend_id"]))
        return found[0] if found else None

    @property
    def client(self) -> MistClient:
        return self._client

    @property
    def path(self) -> str:
        return f"/machines/{segment(self.id)}"

    def refresh(self) -> Machine:
        self.record = self._client.transport.call("GET", self.path)
        return self

    def start(self, wait: bool = True, timeout_s: float | None = None) -> Job:
        return self.act("start", wait=wait, timeout_s=timeout_s)

    def stop(self, wait: bool = True, timeout_s: float | None = None) -> Job:
        return self.act("stop", wait=wait, timeout_s=timeout_s)

    def reboot(self, wait: bool = True, timeout_s: float | None = None) -> Job:
        return self.act("reboot", wait=wait, timeout_s=timeout_s)

    def destroy(self, wait: bool = True, timeout_s: float | None = None) -> Job:
        return self.act("destroy", wait=wait, timeout_s=timeout_s)

    def resize(self, size: object, wait: bool = True, timeout_s: float | None = None) -> Job:
        """`size` is an id, or a size as `backend.sizes` lists them."""
        return self.act("resize", size=id_of(size), wait=wait, timeout_s=timeout_s)

    def act(self, action: str, size: str | None = None, wait: bool = True, timeout_s: float | None = None) -> Job:
        """Ask for an action and wait for its job; JobFailed when it fails. With `wait=False` the job is running."""
        body = {"action": action} if size is None else {"action": action, "size": size}
        job = Job(self._client.transport, self._client.transport.call("POST", f"{self.path}/actions", body=body))
        self._client.forget_machines()
        if wait:
            job.wait(timeout_s)
            self._client.forget_machines()
        return job

    def probe(self, key_id: object = None, ssh_user: str | None = None) -> dict[str, Any]:
        """What the machine says of itself over SSH: `uptime` and `loadavg` as ever, beside the service's own fields."""
        body = {"key": id_of(key_id), "user": ssh_user}
        answer = self._client.transport.call(
            "POST",
            f"{self.path}/probe",
            body={key: value for key, value in body.items() if value is not None},
            timeout_s=180.0,
        )
        self.probed = True
        return {**answer, "uptime": f"{answer['uptime_s']:.2f}", "loadavg": list(answer["load"])}

    def tag(self, tag: str) -> None:
        self._change_tag("PUT", tag)

    def untag(self, tag: str) -> None:
        self._change_tag("DELETE", tag)

    def _change_tag(self, method: str, tag: str) -> None:
        record = self._client.transport.call(method, f"{self.path}/tags/{segment(tag)}", timeout_s=120.0)
        if isinstance(record, dict) and "tags" in record:
            self.record = record
        self._client.forget_machines()

    def keys(self) -> list[dict[str, Any]]:
        """Its associations with keys."""
        return list(self._client.transport.call("GET", f"{self.path}/keys")["items"])

    def associate_key(
        self, key_id: object, host: str | None = None, ssh_user: str | None = None, ssh_port: int | None = None
    ) -> dict[str, Any]:
        """Put a key's public half on the machine and prove that it opens it. `key_id`: a key, its id or its name."""
        given = {"host": host, "user": ssh_user, "port": ssh_port}
        body = {name: value for name, value in given.items() if value is not None}
        path = f"{self.path}/keys/{segment(id_of(key_id))}"
        return dict(self._client.transport.call("PUT", path, body=body, timeout_s=180.0) or {})

    def disassociate_key(self, key_id: object) -> dict[str, Any]:
        """Take the public half off again: `removed`, or a `message` that says why the key may still open it."""
        path = f"{self.path}/keys/{segment(id_of(key_id))}"
        return dict(self._client.transport.call("DELETE", path, timeout_s=180.0) or {})

    def host_keys(self) -> list[dict[str, Any]]:
        """The SSH keys that its addresses showed when they were first seen."""
        return list(self._client.transport.call("GET", f"{self.path}/host-keys")["items"])

    def accept_host_key(self) -> list[dict[str, Any]]:
        """Forget the remembered host keys and remember the ones it shows now."""
        answer = self._client.transport.call("POST", f"{self.path}/host-keys/accept", body={}, timeout_s=180.0)
        return list(answer["items"])

    def ticket(self, purpose: str, **asked: Any) -> dict[str, Any]:
        """A one-use ticket for a channel to it: `terminal`, `command`, `get` or `put`."""
        body = {"purpose": purpose, **{key: value for key, value in asked.items() if value is not None}}
        return dict(self._client.transport.call("POST", f"{self.path}/tickets", body=body))


def with_earlier_names(record: dict[str, Any]) -> dict[str, Any]:
    """A machine's fields, and the names that they had in Mist's first Python API."""
    actions = record.get("actions") or []
    return {
        **record,
        "uuid": record["id"],
        "imageId": record.get("image"),
        "public_ips": list(record.get("public_ips") or []),
        "private_ips": list(record.get("private_ips") or []),
        "tags": list(record.get("tags") or []),
        "extra": dict(record.get("extra") or {}),
        "can_start": "start" in actions,
        "can_stop": "stop" in actions,
        "can_reboot": "reboot" in actions,
        "can_destroy": "destroy" in actions,
        "can_resize": "resize" in actions,
        "can_tag": True,
    }


def id_of(value: object) -> str | None:
    """The id that a value stands for: a thing with an `id`, a dictionary with one, or the id itself (0 is one)."""
    if value is None or value == "":
        return None
    if isinstance(value, dict):
        return str(value["id"])
    if isinstance(value, Key):
        return value.id
    found = getattr(value, "id", None)
    return str(value if found is None else found)
