"""What the engine keeps is JSON, errors included, and nothing else is read."""

from __future__ import annotations

import pickle
from base64 import b64encode

import pytest
from dbos._serialization import DefaultSerializer

from mistserver.domain.errors import Internal, ProviderQuota, to_record
from mistserver.jobs.serializer import JsonSerializer, refuse_pickle


def test_an_error_of_ours_comes_back_as_it_was() -> None:
    serializer = JsonSerializer()

    back = serializer.deserialize(serializer.serialize(ProviderQuota("No cores left.", cores=8)))

    assert type(back) is ProviderQuota
    assert to_record(back) == to_record(ProviderQuota("No cores left.", cores=8))


def test_of_another_error_only_the_type_is_kept() -> None:
    kept = JsonSerializer().serialize(KeyError("hunter2"))

    assert "KeyError" in kept
    assert "hunter2" not in kept
    assert type(JsonSerializer().deserialize(kept)) is Internal


@pytest.mark.parametrize("value", [None, 1, "text", [1, {"a": None}], {"args": ["id"], "kwargs": {}}])
def test_plain_values_come_back_as_they_were(value: object) -> None:
    serializer = JsonSerializer()

    assert serializer.deserialize(serializer.serialize(value)) == value


def test_pickles_are_refused() -> None:
    refuse_pickle()

    with pytest.raises(Internal):
        DefaultSerializer().deserialize(b64encode(pickle.dumps(1)).decode())
