"""How a guest made by Mist is known again: everything of it is named after its mark."""

from __future__ import annotations

import hashlib
import uuid

_SPACE = uuid.UUID("5d2f4f5a-6a54-5c0c-9a5b-0f6d0c5e7f11")


def guest_uuid(mark: str) -> str:
    """The UUID of the guest with that mark; a second guest with the same mark cannot be defined."""
    return str(uuid.uuid5(_SPACE, mark))


def volume_prefix(guest: str) -> str:
    """How the names of all volumes begin that were made for the guest, and of no others."""
    return f"mist-{guest}-"


def is_made_for_guests(volume: str) -> bool:
    """Whether a volume's name is of the kind that creating makes."""
    return volume.startswith("mist-") and len(volume) > 42 and volume[41] == "-"


def mac_address(guest: str, number: int) -> str:
    """The address of the guest's interface `number`, the same at every try."""
    digest = hashlib.sha256(f"{guest}/{number}".encode()).digest()
    return "52:54:00:" + ":".join(f"{byte:02x}" for byte in digest[:3])


def is_uuid(text: str) -> bool:
    """Whether libvirt would take `text` for a UUID."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
