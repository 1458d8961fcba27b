"""What a provider said of a machine, made ready to be kept: cleaned, cut to size, and encoded once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from mistserver.domain.errors import ProviderBadAnswer
from mistserver.domain.foreign import storable
from mistserver.domain.machine import Action, MachineReading, MachineState

MAX_ID = 512  # PostgreSQL's index takes no longer ones
MAX_SHOWN_NAME = 255
MAX_EXTRA_BYTES = 65536


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a listed machine that its provider decides. `tags` stand last, where listings add those of Mist."""

    external_id: str
    name: str
    state: MachineState
    public_ips: tuple[str, ...] = ()
    private_ips: tuple[str, ...] = ()
    size: str | None = None
    image: str | None = None
    location: str | None = None
    actions: tuple[Action, ...] = ()
    created_at: datetime | None = None
    ssh_host: str | None = None
    ssh_port: int | None = None
    extra: dict[str, Any] = {}
    tags: tuple[str, ...] = ()


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A reading as the columns of its row. `external_id` is None for a machine that is only asked for."""

    external_id: str | None
    name: str
    state: str
    reading: str
    addresses: str
    native_tags: str
    mark: str | None


def prepare(readings: Iterable[MachineReading]) -> list[Prepared]:
    """Rows for a whole reading; of two with one id the later counts. ProviderBadAnswer for what is no reading.

    Cloud text is hostile and may be anything; what no database takes (NUL, lone surrogates) becomes U+FFFD.
    """
    return list({item.external_id: item for item in map(prepare_one, readings)}.values())


def prepare_one(reading: MachineReading) -> Prepared:
    """The row of one reading."""
    if not isinstance(reading, MachineReading):
        raise ProviderBadAnswer("The provider's answer is not a list of machines.")
    try:
        return _prepared(reading)
    except _UNCLEAN:
        pass  # most readings are clean, so they are looked at closely only when they turn out not to be
    try:
        return _prepared(msgspec.convert(storable(msgspec.structs.asdict(reading)), MachineReading))
    except (*_UNCLEAN, RecursionError):
        raise ProviderBadAnswer("The provider described a machine in a way that cannot be understood.") from None


def asked_for(shown: Shown, mark: str) -> Prepared:
    """The row of a machine that a provider is being asked for and has not shown yet."""
    reading = msgspec.json.encode(shown).decode()
    return Prepared(
        external_id=None, name=shown.name, state=shown.state, reading=reading, addresses="", native_tags="[]", mark=mark
    )


def with_state(reading: str, state: MachineState) -> str:
    """The same reading in another state."""
    return msgspec.json.encode(msgspec.structs.replace(decode(reading), state=state)).decode()


def decode(reading: str) -> Shown:
    return _DECODER.decode(reading)


def more_tags(reading: str, tags: list[str]) -> str:
    """The encoded reading with more tags."""
    # text within JSON strings has its quotes escaped, so this is the field and nothing in a name or in `extra`
    start = reading.rindex(_TAGS_FIELD) + len(_TAGS_FIELD)
    both = sorted({*_TAGS.decode(reading[start:-1]), *tags})
    return f"{reading[:start]}{msgspec.json.encode(both).decode()}}}"


def _prepared(reading: MachineReading) -> Prepared:
    if not reading.external_id or len(reading.external_id) > MAX_ID:
        raise ProviderBadAnswer("The provider listed a machine without a usable id.")
    extra = reading.extra
    if len(msgspec.json.encode(extra)) > MAX_EXTRA_BYTES:
        extra = {"cut": "more than 64 KiB"}
    name = reading.name if len(reading.name) <= MAX_SHOWN_NAME else reading.name[: MAX_SHOWN_NAME - 1] + "…"
    shown = Shown(
        external_id=reading.external_id,
        name=name,
        state=reading.state,
        public_ips=reading.public_ips,
        private_ips=reading.private_ips,
        size=reading.size,
        image=reading.image,
        location=reading.location,
        actions=reading.actions,
        created_at=_in_utc(reading.created_at),
        ssh_host=reading.ssh_host,
        ssh_port=reading.ssh_port,
        extra=extra,
        tags=tuple(sorted(set(reading.tags))),
    )
    encoded = msgspec.json.encode(shown)
    if b"\\u0000" in encoded:
        raise ValueError("a NUL character")
    _DECODER.decode(encoded)  # structs do not check their fields' types
    return Prepared(
        external_id=reading.external_id,
        name=name,
        state=reading.state.value,
        reading=encoded.decode(),
        addresses=" ".join((*reading.public_ips, *reading.private_ips)),
        native_tags=msgspec.json.encode(shown.tags).decode(),
        mark=reading.mark,
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    """So that the texts of moments sort as the moments do; one without a zone is meant in UTC."""
    if moment is None or moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_UNCLEAN = (TypeError, ValueError, AttributeError, msgspec.MsgspecError)
_DECODER = msgspec.json.Decoder(Shown)
_TAGS_FIELD = ',"tags":'
_TAGS = msgspec.json.Decoder(list[str])
