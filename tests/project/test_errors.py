"""The client's errors are the service's."""

from __future__ import annotations

from mistclient import errors as client
from mistserver.domain import errors as server


def shape(error: type, base: type, left_out: frozenset[type] = frozenset()) -> dict[str, object]:
    """The tree below an error: code by code."""
    return {
        below.code: shape(below, base, left_out) for below in error.__subclasses__() if _counts(below, base, left_out)
    }


def _counts(error: type, base: type, left_out: frozenset[type]) -> bool:
    """Those of other modules have the code of their parent, and are nothing of their own to a client."""
    return error not in left_out and error.__module__ == base.__module__


def test_the_trees_are_equal() -> None:
    ours = frozenset(client.CLIENT_ONLY)

    assert shape(client.MistError, client.MistError, ours) == shape(server.MistError, server.MistError)


def test_names_are_equal_too() -> None:
    names = {error.code: error.__name__ for error in server.all_errors()}

    assert {code: error.__name__ for code, error in client.BY_CODE.items() if error not in client.CLIENT_ONLY} == names
