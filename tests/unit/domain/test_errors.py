"""The tree of errors holds together, and every error has its status."""

from __future__ import annotations

from mistserver.api.errors import STATUS, status_of
from mistserver.domain import errors
from mistserver.domain.errors import MistError, all_errors, from_record, to_record


def test_codes_are_unique() -> None:
    codes = [error.code for error in all_errors()]

    assert len(codes) == len(set(codes)) > 25


def test_the_docstring_draws_every_error() -> None:
    missing = [error.__name__ for error in all_errors() if error.__name__ not in (errors.__doc__ or "")]

    assert missing == []


def test_every_error_has_a_status_of_its_own_or_of_its_kind() -> None:
    statuses = {error.__name__: status_of(error("x")) for error in all_errors()}

    assert set(STATUS) <= set(all_errors())
    assert statuses["HostKeyChanged"] == statuses["Conflict"] == 409
    assert statuses["MachineAuthFailed"] == 502
    assert all(400 <= status < 600 for status in statuses.values())


def test_an_error_survives_being_written_down() -> None:
    error = errors.HostKeyChanged("It changed.", host="h", port=22)

    again = from_record(to_record(error))

    assert type(again) is errors.HostKeyChanged
    assert (again.message, again.facts) == (error.message, error.facts)


def test_an_unknown_code_is_still_an_error_of_ours() -> None:
    assert type(from_record({"code": "from_the_future", "message": "m"})) is MistError
