"""The KubeVirt provider: virtual machines of a Kubernetes cluster."""

from __future__ import annotations

import contextlib
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide
from mistserver.providers.http_errors import understood
from mistserver.providers.kubevirt import catalog, create
from mistserver.providers.kubevirt.api import INSTANCE_ORDERS, INSTANCES, MACHINES, ORDERS, Api
from mistserver.providers.kubevirt.machines import MARK, as_label, place, reading
from mistserver.providers.kubevirt.settings import TITLE, Settings, access, validated
from mistserver.providers.rest import Json


class KubeVirt(Provider):
    id = "kubevirt"
    title = TITLE
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    needs_size = False
    needs_key = False
    actions = frozenset(Action)
    guide = Guide(
        credentials="A kubeconfig whose user has a token or a certificate in it (`kubectl config view --raw --flatten "
        "--minify`); one that runs a program to sign in does not do. Or the address of the API and the token of a "
        "service account (`kubectl create token NAME --duration 8760h`). The API's certificate is checked against the "
        "kubeconfig's authority, or `--ca-file`.",
        permissions="The cluster role `kubevirt.io:edit` in the namespaces that are used (with "
        "`--kubevirt-namespace` one is enough), list of namespaces, and read of data sources, instance types and "
        "network attachments; create and patch of secrets for user data of more than 2 KiB.",
        limits=(
            "A machine is known by its namespace and its name.",
            "Images are data sources (`datasource:namespace/name`), whose disk is copied, and container disks. These "
            "forget what was written when the machine stops; with a disk in the size (`2-2048-20`) they keep it.",
            "Sizes are the cluster's instance types, or cores and memory.",
            "A namespace is what Mist calls a location.",
            "A tag is a label: a word, or word=value.",
        ),
        through="the Kubernetes API itself, KubeVirt 0.36 and later (`kubevirt.io/v1`)",
        source="https://kubevirt.io/api-reference/",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        return validated(settings)

    @classmethod
    def identity(cls, settings: Any, region: str | None) -> tuple[str, ...]:
        """The cluster and the namespace, whoever asks."""
        return (cls.id, access(settings).url, settings.namespace or "")

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        self._api = Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        if not self._api.serves("kubevirt.io"):
            raise ProviderRejected(f"The cluster at {self._api.where} has no KubeVirt.")
        self._api.all(MACHINES, labelSelector=f"{MARK}=nothing")

    def list_machines(self) -> list[MachineReading]:
        machines = self._api.all(MACHINES)
        instances = {_key(each): each for each in self._api.all(INSTANCES)} if machines else {}
        with understood(self._api.where):
            return [reading(each, instances.get(_key(each))) for each in machines]

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            where = place(external_id)
            machine = self._api.one(MACHINES, *where)
        except ProviderNotFound:
            return None
        return self._with_instance(machine, where)

    def find_marked(self, mark: str) -> MachineReading | None:
        found = self._api.all(MACHINES, labelSelector=f"{MARK}={mark}")
        there = [each for each in found if not each["metadata"].get("deletionTimestamp")]
        if not there:
            return None
        return self._with_instance(there[0], _key(there[0]))

    def list_images(self, search: str | None = None) -> list[Image]:
        return catalog.images(self._api, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._api, self.id)

    def list_locations(self) -> list[Location]:
        return catalog.locations(self._api)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._api)

    def create(self, spec: MachineSpec) -> MachineReading:
        made = create.create(self._api, spec)
        with understood(self._api.where):
            return reading(made, None)

    def start(self, external_id: str) -> None:
        state, where = self.known(external_id).state, place(external_id)
        if state is MachineState.PAUSED:
            self._api.order(INSTANCE_ORDERS, *where, "unpause")
        elif state is MachineState.STOPPED:
            self._api.order(ORDERS, *where, "start")

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._api.order(ORDERS, *place(external_id), "stop")

    def reboot(self, external_id: str) -> None:
        state = self.known(external_id).state
        if state is not MachineState.RUNNING:
            raise Conflict(f"The machine {external_id} is {state}; start it instead.", machine=external_id)
        self._api.order(ORDERS, *place(external_id), "restart")

    def destroy(self, external_id: str) -> None:
        """With the disks that were made with it."""
        try:
            self._api.delete(MACHINES, *place(external_id))
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        if size.count("-") > 1 and size.replace("-", "").isdecimal():
            raise InvalidInput("A machine's disk keeps its size; write cores-MiB, as 2-2048.", field="size")
        wanted, machine = create.sized(size), self.known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            raise Conflict(
                f"{TITLE} resizes stopped machines only, and this one is {machine.state}; stop it first.",
                machine=external_id,
            )
        self._api.change(MACHINES, *place(external_id), {"spec": wanted})

    def add_tag(self, external_id: str, tag: str) -> None:
        """Refuses to change the value of a label that the machine has: it may be another program's."""
        key, value = as_label(tag)
        labels, version = self._labels(external_id)
        if labels.get(key, value) != value:
            raise Conflict(f"The machine has the tag {key}={labels[key]} already; remove that one first.", tag=tag)
        meta = {"labels": {key: value}, "resourceVersion": version}
        self._api.change(MACHINES, *place(external_id), {"metadata": meta})

    def remove_tag(self, external_id: str, tag: str) -> None:
        key, value = as_label(tag)
        labels, version = self._labels(external_id)
        if labels.get(key) == value:
            meta = {"labels": {key: None}, "resourceVersion": version}
            self._api.change(MACHINES, *place(external_id), {"metadata": meta})

    def _labels(self, external_id: str) -> tuple[dict[str, str], str]:
        """The labels, and the version that a change is held against."""
        found = self._api.one(MACHINES, *place(external_id))
        with understood(self._api.where):
            return dict(found["metadata"].get("labels") or {}), str(found["metadata"]["resourceVersion"])

    def _with_instance(self, machine: Json, where: tuple[str, str]) -> MachineReading:
        instance = None
        with contextlib.suppress(ProviderNotFound):
            instance = self._api.one(INSTANCES, *where)
        with understood(self._api.where):
            return reading(machine, instance)


def _key(each: Json) -> tuple[str, str]:
    return str(each["metadata"].get("namespace")), str(each["metadata"]["name"])
