"""What can be done to a guest. Each may be asked twice."""

from __future__ import annotations

from typing import Any

from mistserver.domain.errors import Conflict
from mistserver.domain.machine import MachineState
from mistserver.providers.libvirt.binding import is_code, libvirt_module
from mistserver.providers.libvirt.create import undefine
from mistserver.providers.libvirt.machines import read_mark, state_of
from mistserver.providers.libvirt.markup import parse
from mistserver.providers.libvirt.volumes import delete_volumes
from mistserver.providers.shapes import Shape


def start(domain: Any) -> None:
    """Start, resume or wake it, whichever it needs."""
    state = state_of(domain)
    if state is MachineState.PAUSED:
        domain.resume()
    elif state is MachineState.SUSPENDED:
        domain.pMWakeup(0)
    elif state in (MachineState.STOPPED, MachineState.ERROR):
        domain.create()


def stop(domain: Any) -> None:
    """Press its power button. A guest that is still booting may miss that: ask again until it is stopped."""
    try:
        state = state_of(domain)
        if state is MachineState.PAUSED:
            domain.resume()
        if state is MachineState.SUSPENDED:
            domain.pMWakeup(0)
        if state is not MachineState.STOPPED and domain.isActive():
            domain.shutdown()
    except libvirt_module().libvirtError as error:
        # what is just ending is refused so while it still counts as active
        if domain.isActive() and not is_code(error, "OPERATION_INVALID"):
            raise


def reboot(domain: Any) -> None:
    """Have it boot anew; Conflict when it does not run."""
    if not domain.isActive():
        raise Conflict(f"The machine {domain.name()!r} does not run; start it instead.")
    if state_of(domain) is MachineState.PAUSED:
        domain.resume()
    domain.reboot(0)


def destroy(connection: Any, domain: Any) -> None:
    """Switch it off and take away its volumes (only those made with it) and then its definition.

    In this order, so that a repeated call finds in the definition what is left to do.
    """
    uuid = domain.UUIDString()
    try:
        made = read_mark(parse(domain.XMLDesc(0)))
        if domain.isActive():
            _unless_stopped(domain, domain.destroy)
        delete_volumes(connection, uuid, made.volumes if made else ())
        if domain.isPersistent():
            undefine(domain)
    except libvirt_module().libvirtError as error:
        if not is_code(error, "NO_DOMAIN"):
            raise


def resize(domain: Any, shape: Shape) -> None:
    """Other cores and memory, for a guest that is stopped."""
    if domain.isActive():
        raise Conflict(f"The machine {domain.name()!r} runs; stop it first, then resize it.")
    libvirt = libvirt_module()
    stored = libvirt.VIR_DOMAIN_AFFECT_CONFIG
    for flags in (stored | libvirt.VIR_DOMAIN_VCPU_MAXIMUM, stored):
        domain.setVcpusFlags(shape.cores, flags)
    for flags in (stored | libvirt.VIR_DOMAIN_MEM_MAXIMUM, stored):
        domain.setMemoryFlags(shape.ram_mb * 1024, flags)


def _unless_stopped(domain: Any, action: Any) -> None:
    """Do it; that the guest stopped by itself in the meantime is no error."""
    try:
        action()
    except libvirt_module().libvirtError:
        if domain.isActive():
            raise
