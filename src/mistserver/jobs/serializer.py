"""How the engine keeps results and errors: JSON only. Nothing read from the database is ever unpickled."""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec
from dbos import Serializer
from dbos._serialization import DefaultSerializer

from mistserver.domain.errors import Internal, MistError, from_record, to_record

_ERROR = "__error__"


class JsonSerializer(Serializer):
    """Plain JSON; an exception becomes its record, and comes back as the same error of ours."""

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {_ERROR: to_record(data if isinstance(data, MistError) else foreign(data))}
        return msgspec.json.encode(data).decode()

    def deserialize(self, serialized_data: str) -> Any:
        data = msgspec.json.decode(serialized_data)
        return from_record(data[_ERROR]) if isinstance(data, dict) and _ERROR in data else data

    def name(self) -> str:
        return "mist_json"


def foreign(error: BaseException) -> Internal:
    """What is told of an error that is not ours: its type. Its text may hold anything, a secret too."""
    return Internal(f"The service failed with {type(error).__name__}; its log says where.", type=type(error).__name__)


def refuse_pickle() -> None:
    """Close the engine's other way in: a row marked `py_pickle` would be executed code from the database."""
    DefaultSerializer.deserialize = _refuse  # type: ignore[method-assign,assignment]


def _refuse(serializer: DefaultSerializer, serialized_data: str) -> NoReturn:
    raise Internal("A row of the job engine is pickled; that is never read.")
