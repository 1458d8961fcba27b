"""Sizes of Oracle Cloud: shapes, and of flexible ones their cores and memory too, as in `VM.Standard.E5.Flex:2:24`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mistserver.domain.errors import InvalidInput
from mistserver.providers.rest import Json

_FLEXIBLE = ".Flex"
_NUMBER = r"\d{1,4}(?:\.\d{1,3})?"
_SIZE = re.compile(rf"(?P<shape>[A-Za-z0-9._-]+)(?::(?P<ocpus>{_NUMBER})(?::(?P<memory>{_NUMBER}))?)?", re.ASCII)


@dataclass(frozen=True)
class FlexibleSize:
    """`ocpus` and `memory_gb` are None for a shape that has both by itself, or where the vendor's default is meant."""

    shape: str
    ocpus: float | None = None
    memory_gb: float | None = None

    @property
    def id(self) -> str:
        numbers = [self.ocpus, *([self.memory_gb] if self.ocpus is not None else [])]
        return ":".join((self.shape, *(f"{number:g}" for number in numbers if number is not None)))

    @property
    def is_flexible(self) -> bool:
        return self.shape.endswith(_FLEXIBLE)

    def wanted(self) -> Json:
        """The part of a request that asks for it. A flexible shape has to be given cores."""
        if not self.is_flexible:
            return {"shape": self.shape}
        config = {"ocpus": self.ocpus or 1.0} | ({"memoryInGBs": self.memory_gb} if self.memory_gb else {})
        return {"shape": self.shape, "shapeConfig": config}


def parse(size: str) -> FlexibleSize:
    """InvalidInput for what is no size."""
    found = _SIZE.fullmatch(size.strip())
    if found is None or (found["ocpus"] and not found["shape"].endswith(_FLEXIBLE)):
        raise InvalidInput(
            f"{size[:80]!a} is no size of Oracle Cloud; write a shape, and for a flexible one OCPUs and GB too, as "
            "VM.Standard.E5.Flex:2:24.",
            field="size",
        )
    return FlexibleSize(found["shape"], _number(found["ocpus"]), _number(found["memory"]))


def of_instance(instance: Json) -> FlexibleSize:
    """The size of a machine that is there."""
    config: Any = instance.get("shapeConfig") or {}
    plain = FlexibleSize(instance["shape"])
    if not plain.is_flexible or config.get("ocpus") is None:
        return plain
    return FlexibleSize(plain.shape, float(config["ocpus"]), _number(config.get("memoryInGBs")))


def _number(text: Any) -> float | None:
    return None if text is None else float(text)
