"""SSH keys kept by Mist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mistclient.model.thing import Thing
from mistclient.transport import segment

if TYPE_CHECKING:
    pass


class Key(Thing):
    """A key pair; its private half stays with the service until `private` asks for it."""

    def __repr__(self) -> str:
        return f"Key => {self.name}"

    @property
    def is_default(self) -> bool:
        return bool(self.record.get("is_default"))

    @property
    def info(self) -> dict[str, Any]:
        return {**self.record, "isDefault": self.is_default}

    @property
    def public(self) -> str:
        """One line in OpenSSH's format."""
        return str(self.record["public"])

    @property
    def private(self) -> str:
        """The private half in OpenSSH's format. Each reading is a request, and an event at the service."""
        return str(self._client.transport.call("POST", f"{self._path}/private", body={})["private"])

    @property
    def _path(self) -> str:
        return f"/keys/{segment(self.id)}"

    def set_default(self) -> None:
        self._client.transport.call("PUT", f"{self._path}/default")
        self.record["is_default"] = True
        self._client.forget_keys()

    def rename(self, new_name: str) -> None:
        record = self._client.transport.call("PATCH", self._path, body={"name": new_name})
        self.record = record or {**self.record, "name": new_name}
        self._client.forget_keys()

    def delete(self) -> None:
        self._client.transport.call("DELETE", self._path)
        self._client.forget_keys()

    def associate_to_machine(
        self,
        backend_id: object,
        machine_id: object,
        host: str | None = None,
        ssh_user: str | None = None,
        ssh_port: int | None = None,
    ) -> dict[str, Any]:
        """`Machine.associate_key`, seen from the key. A machine's id says enough: `backend_id` may be None."""
        del backend_id
        found = getattr(machine_id, "id", machine_id)
        machine = self._client.machine(str(found))
        return machine.associate_key(self, host=host, ssh_user=ssh_user, ssh_port=ssh_port)
