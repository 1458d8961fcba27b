"""Azure's role instances as machines. A machine is named by its cloud service and its role: `service/role`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.machine import Action, MachineReading, MachineState

MARK = "mist-mark:"  # what the description of a cloud service begins with that Mist has made
ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,62})/([A-Za-z0-9][A-Za-z0-9_.-]{0,63})")

# https://learn.microsoft.com/en-us/previous-versions/azure/ee460804(v=azure.100)
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "CreatingVM": MachineState.PENDING,
        "StartingVM": MachineState.PENDING,
        "CreatingRole": MachineState.PENDING,
        "StartingRole": MachineState.PENDING,
        "Provisioning": MachineState.PENDING,
        "BusyRole": MachineState.PENDING,
        "StoppingRole": MachineState.PENDING,
        "StoppingVM": MachineState.PENDING,
        "Preparing": MachineState.PENDING,
        "ReadyRole": MachineState.RUNNING,
        "RestartingRole": MachineState.REBOOTING,
        "StoppedVM": MachineState.STOPPED,
        "StoppedDeallocated": MachineState.STOPPED,
        "DeletingVM": MachineState.TERMINATED,
        "CyclingRole": MachineState.ERROR,
        "FailedStartingRole": MachineState.ERROR,
        "FailedStartingVM": MachineState.ERROR,
        "UnresponsiveRole": MachineState.ERROR,
        "ProvisioningFailed": MachineState.ERROR,
        "ProvisioningTimeout": MachineState.ERROR,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.ERROR: (Action.STOP, Action.DESTROY),
        MachineState.UNKNOWN: (Action.DESTROY,),
    }
)


def service_of(mark: str) -> str:
    """The name of the cloud service of the machine with this mark: all of Azure has one name for it."""
    return f"mist-{hashlib.sha256(mark.encode()).hexdigest()[:24]}"


def readings(service: Any) -> Iterator[MachineReading]:
    """The machines of a cloud service, as the driver holds it with its details."""
    for deployment in service.deployments or []:
        for instance in deployment.role_instance_list or []:
            yield _reading(service, deployment, instance)


def is_ours(service: Any) -> bool:
    return (service.hosted_service_properties.description or "").startswith(MARK)


def _reading(service: Any, deployment: Any, instance: Any) -> MachineReading:
    """Without its image: the driver has no word for it."""
    properties = service.hosted_service_properties
    state = _STATES.get(instance.instance_status, MachineState.UNKNOWN)
    endpoints = instance.instance_endpoints or []
    virtual = [each.address for each in deployment.virtual_ips or []]
    public = dict.fromkeys([*(each.vip for each in endpoints), *virtual])
    ssh = next((each for each in endpoints if str(each.local_port) == "22"), None)
    description = properties.description or ""
    return MachineReading(
        external_id=f"{service.service_name}/{instance.role_name}",
        name=instance.role_name,
        state=state,
        public_ips=tuple(address for address in public if address),
        private_ips=(instance.ip_address,) if instance.ip_address else (),
        size=instance.instance_size or None,
        location=properties.location or properties.affinity_group or None,
        actions=_OFFERED.get(state, ()),
        created_at=_utc(deployment.created_time),
        ssh_host=ssh.vip if ssh is not None and str(ssh.public_port) != "22" else None,
        ssh_port=int(ssh.public_port) if ssh is not None and str(ssh.public_port) != "22" else None,
        mark=description.removeprefix(MARK) if is_ours(service) else None,
        extra={
            "cloud_service": service.service_name,
            "deployment": deployment.name,
            "slot": deployment.deployment_slot,
            "power": instance.power_state,
        },
    )


def _utc(moment: Any) -> datetime | None:
    return datetime.fromisoformat(moment).astimezone(UTC) if moment else None
