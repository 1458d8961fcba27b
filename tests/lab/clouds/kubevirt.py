"""A Kubernetes API with KubeVirt in it, as https://kubernetes.io/docs/reference/using-api/api-concepts/ and
https://kubevirt.io/api-reference/ describe them. Machines start and stop at once; pages hold 50 objects at most.
"""

from __future__ import annotations

import re
from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

TOKEN = "eyJhbGciOiJSUzI1NiJ9.lab.sig"
GROUPS = ("kubevirt.io", "subresources.kubevirt.io", "cdi.kubevirt.io", "instancetype.kubevirt.io", "k8s.cni.cncf.io")
NAMESPACES = ("default", "team-a")
PLURALS = "virtualmachines|virtualmachineinstances|datasources|network-attachment-definitions|secrets"
VM = "/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines"
ORDER = "/apis/subresources.kubevirt.io/v1/namespaces/{ns}/virtualmachines/{name}"
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def status(code: int, reason: str, message: str) -> Reply:
    """How the API says no."""
    told = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return Reply(code, {**told, "message": message, "reason": reason, "code": code})


class KubeVirtCloud(StandIn):
    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.groups = list(GROUPS)
        self.version = 1
        source = {"spec": {"source": {"pvc": {"name": "debian13"}}}, "status": {"conditions": [_condition("Ready")]}}
        self._keep("datasources", _named("os-images", "debian13", source))
        self._keep("network-attachment-definitions", _named("default", "lan", {"spec": {"config": "{}"}}))

    def authorize(self, request: Request) -> Reply | None:
        if request.headers.get("authorization") == f"Bearer {TOKEN}":
            return None
        return status(401, "Unauthorized", "Unauthorized")

    def unknown(self, request: Request) -> Answer:
        return Reply(404, "404 page not found\n")

    @route("GET", "/apis")
    def api_groups(self, request: Request) -> Answer:
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": name} for name in self.groups]}

    @route("GET", "/api/v1/namespaces")
    def namespaces(self, request: Request) -> Answer:
        return self._page(request, [{"metadata": {"name": name}} for name in NAMESPACES])

    @route("GET", "/apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes")
    def kinds(self, request: Request) -> Answer:
        sizes = (("u1.small", 1, "2Gi"), ("u1.medium", 1, "4Gi"), ("u1.large", 2, "8Gi"))
        told = [(name, {"cpu": {"guest": cores}, "memory": {"guest": memory}}) for name, cores, memory in sizes]
        return self._page(request, [{"metadata": {"name": name}, "spec": spec} for name, spec in told])

    @route("GET", "/apis/kubevirt.io/v1/{kind}")
    def everywhere(self, request: Request) -> Answer:
        return self._listed(request, request.ids["kind"], None)

    @route("GET", "/apis/cdi.kubevirt.io/v1beta1/datasources")
    def sources(self, request: Request) -> Answer:
        return self._listed(request, "datasources", None)

    @route("GET", "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions")
    def attachments(self, request: Request) -> Answer:
        return self._listed(request, "network-attachment-definitions", None)

    @route("GET", "/apis/kubevirt.io/v1/namespaces/{ns}/{kind}")
    def within(self, request: Request) -> Answer:
        return self._listed(request, request.ids["kind"], request.ids["ns"])

    @route("GET", "/apis/kubevirt.io/v1/namespaces/{ns}/{kind}/{name}")
    def show(self, request: Request) -> Answer:
        return self._found(request, request.ids["kind"]) or self._missing(request)

    @route("POST", VM)
    def create(self, request: Request) -> Answer:
        wanted, ns = request.json, request.ids["ns"]
        name, wrong = str(wanted["metadata"].get("name")), _wrong(wanted)
        if wrong:
            return status(422, "Invalid", f'VirtualMachine.kubevirt.io "{name}" is invalid: {wrong}')
        if ns not in NAMESPACES:
            return status(404, "NotFound", f'namespaces "{ns}" not found')
        if ("virtualmachines", ns, name) in self.objects:
            return status(409, "AlreadyExists", f'virtualmachines.kubevirt.io "{name}" already exists')
        made = {**_named(ns, name, wanted), "status": {"printableStatus": "Starting"}}
        made["metadata"] |= {"labels": dict(wanted["metadata"].get("labels") or {}), "uid": f"uid-{name}"}
        self._keep("virtualmachines", made)
        shown = {**made, "status": {"printableStatus": "Starting"}}
        self._run(made)
        return Reply(201, shown)

    @route("PATCH", VM + "/{name}")
    def patch(self, request: Request) -> Answer:
        return self._patched(request, "virtualmachines")

    @route("DELETE", VM + "/{name}")
    def destroy(self, request: Request) -> Answer:
        found = self._found(request, "virtualmachines")
        if found is None:
            return self._missing(request)
        for kind in ("virtualmachines", "virtualmachineinstances"):
            self.objects.pop((kind, request.ids["ns"], request.ids["name"]), None)
        owned = found["metadata"]["uid"]
        for key, each in list(self.objects.items()):
            if any(owner["uid"] == owned for owner in each["metadata"].get("ownerReferences") or []):
                del self.objects[key]
        return {"kind": "Status", "status": "Success"}

    @route("PUT", ORDER + "/{verb}")
    def order(self, request: Request) -> Answer:
        found, verb = self._found(request, "virtualmachines"), request.ids["verb"]
        if found is None:
            return self._missing(request)
        runs = ("virtualmachineinstances", request.ids["ns"], request.ids["name"]) in self.objects
        if verb == "start" and runs:
            return status(409, "Conflict", f"VM {request.ids['name']} is already running")
        if verb in ("stop", "restart") and not runs:
            return status(409, "Conflict", "VM is not running: Halted")
        if verb == "stop":
            del self.objects[("virtualmachineinstances", request.ids["ns"], request.ids["name"])]
            found["status"] = {"printableStatus": "Stopped"}
        else:
            self._run(found)
        return Reply(202, b"")

    @route("PUT", "/apis/subresources.kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances/{name}/unpause")
    def unpause(self, request: Request) -> Answer:
        found = self._found(request, "virtualmachines")
        if found is None:
            return self._missing(request)
        found["status"] = {"printableStatus": "Running"}
        return Reply(202, b"")

    @route("POST", "/api/v1/namespaces/{ns}/secrets")
    def keep_secret(self, request: Request) -> Answer:
        wanted, ns = request.json, request.ids["ns"]
        name = wanted["metadata"]["name"]
        if ("secrets", ns, name) in self.objects:
            return status(409, "AlreadyExists", f'secrets "{name}" already exists')
        self._keep("secrets", {**wanted, "metadata": {**wanted["metadata"], "namespace": ns}})
        return Reply(201, wanted)

    @route("GET", "/api/v1/namespaces/{ns}/secrets/{name}")
    def show_secret(self, request: Request) -> Answer:
        return self._found(request, "secrets") or self._missing(request)

    @route("PATCH", "/api/v1/namespaces/{ns}/secrets/{name}")
    def patch_secret(self, request: Request) -> Answer:
        return self._patched(request, "secrets")

    @route("DELETE", "/api/v1/namespaces/{ns}/secrets/{name}")
    def forget_secret(self, request: Request) -> Answer:
        self.objects.pop(("secrets", request.ids["ns"], request.ids["name"]), None)
        return {"kind": "Status", "status": "Success"}

    def fill(self, count: int) -> None:
        spec = {"runStrategy": "Halted", "template": {"spec": {"domain": {"memory": {"guest": "1Gi"}}}}}
        for number in range(count):
            made = _named("team-a", f"many-{number}", {"spec": spec, "status": {"printableStatus": "Stopped"}})
            self._keep("virtualmachines", made)

    def empty(self) -> None:
        self.objects = {key: each for key, each in self.objects.items() if not key[0].startswith("virtualmachine")}

    def _run(self, machine: dict[str, Any]) -> None:
        meta = machine["metadata"]
        cards = [{"name": "net0", "ipAddress": "10.244.0.7", "ipAddresses": ["10.244.0.7", "2001:db8::7"]}]
        told = {"phase": "Running", "interfaces": cards, "nodeName": "node-1"}
        self._keep("virtualmachineinstances", _named(meta["namespace"], meta["name"], {"status": told}))
        machine["status"] = {"printableStatus": "Running", "ready": True}

    def _keep(self, kind: str, each: dict[str, Any]) -> None:
        self.version += 1
        each["metadata"]["resourceVersion"] = str(self.version)
        each["metadata"].setdefault("creationTimestamp", "2026-11-25T03:00:00Z")
        self.objects[(kind, each["metadata"]["namespace"], each["metadata"]["name"])] = each

    def _found(self, request: Request, kind: str) -> dict[str, Any] | None:
        return self.objects.get((kind, request.ids["ns"], request.ids["name"]))

    def _missing(self, request: Request) -> Reply:
        return status(404, "NotFound", f'"{request.ids["name"]}" not found')

    def _patched(self, request: Request, kind: str) -> Answer:
        found, change = self._found(request, kind), request.json
        if found is None:
            return self._missing(request)
        if request.headers.get("content-type") != "application/merge-patch+json":
            return status(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        version = (change.get("metadata") or {}).pop("resourceVersion", None)
        if version not in (None, found["metadata"]["resourceVersion"]):
            return status(
                409, "Conflict", "the object has been modified; please apply your changes to the latest version"
            )
        _merge(found, change)
        self._keep(kind, found)
        return found

    def _listed(self, request: Request, kind: str, namespace: str | None) -> Answer:
        if not re.fullmatch(PLURALS, kind):
            return self.unknown(request)
        items = [each for key, each in self.objects.items() if key[0] == kind and namespace in (None, key[1])]
        if "labelSelector" in request.query:
            label, _, value = request.query["labelSelector"].partition("=")
            items = [each for each in items if (each["metadata"].get("labels") or {}).get(label) == value]
        return self._page(request, items)

    def _page(self, request: Request, items: list[Any]) -> Answer:
        start, size = int(request.query.get("continue") or 0), min(50, int(request.query.get("limit") or 50))
        more = {"continue": str(start + size)} if start + size < len(items) else {}
        return {"kind": "List", "apiVersion": "v1", "metadata": more, "items": items[start : start + size]}


def _named(namespace: str, name: str, rest: dict[str, Any]) -> dict[str, Any]:
    return {**rest, "metadata": {"name": name, "namespace": namespace}}


def _condition(kind: str) -> dict[str, str]:
    return {"type": kind, "status": "True"}


def _merge(into: dict[str, Any], change: dict[str, Any]) -> None:
    """RFC 7386."""
    for key, value in change.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict):
            below = into.get(key)
            into[key] = below if isinstance(below, dict) else {}
            _merge(into[key], value)
        else:
            into[key] = value


def _wrong(wanted: dict[str, Any]) -> str | None:
    """What the admission of virtual machines refuses, as far as it concerns what is sent here."""
    spec = wanted["spec"]["template"]["spec"]
    disks = {each["name"] for each in spec["domain"]["devices"]["disks"]}
    volumes = {each["name"]: each for each in spec["volumes"]}
    cards = {each["name"] for each in spec["domain"]["devices"]["interfaces"]}
    made = {each["metadata"]["name"] for each in wanted["spec"].get("dataVolumeTemplates") or []}
    if not _NAME.fullmatch(wanted["metadata"]["name"]):
        return "metadata.name: must be a DNS label"
    if any(not _LABEL.fullmatch(value) for value in (wanted["metadata"].get("labels") or {}).values()):
        return "metadata.labels: a valid label must be an empty string or consist of alphanumeric characters"
    if disks != set(volumes) or cards != {each["name"] for each in spec["networks"]}:
        return "spec.template.spec.domain.devices: names do not match volumes or networks"
    if any("dataVolume" in each and each["dataVolume"]["name"] not in made for each in volumes.values()):
        return "spec.template.spec.volumes: no such data volume"
    if wanted["spec"].get("instancetype") and ("cpu" in spec["domain"] or "memory" in spec["domain"]):
        return "spec.template.spec.domain: conflicts with selected instance type"
    data = volumes.get("cloudinit", {}).get("cloudInitNoCloud", {}).get("userData", "")
    return "userdata exceeds 2048 byte limit" if len(data.encode()) > 2048 else None
