"""Archives from anybody: what is damaged or hostile is refused before a row is written."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mistserver.domain.errors import Conflict, InvalidInput, MistError
from mistserver.services import archive, backup
from mistserver.store import dump
from mistserver.store.database import Database
from tests.support.rows import fill

Parts = dict[str, bytes]


@pytest.fixture
def whole(sqlite_url: str, tmp_path: Path) -> Parts:
    """The parts of a good backup."""
    database = Database(sqlite_url)
    database.write_now(fill)
    backup.backup(database, tmp_path / "whole")
    database.close()
    with zipfile.ZipFile(tmp_path / "whole") as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture
def empty(sqlite_template: Path, tmp_path: Path) -> Database:
    path = tmp_path / "empty.db"
    path.write_bytes(sqlite_template.read_bytes())
    return Database(f"sqlite:///{path}")


def pack(path: Path, parts: Parts) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return path


def refused(path: Path, database: Database) -> str:
    with pytest.raises(MistError) as caught:
        backup.restore(path, database)
    assert isinstance(caught.value, InvalidInput | Conflict)
    assert database.read_now(dump.first_filled) is None
    return caught.value.message


def signed(parts: Parts, name: str, data: bytes) -> Parts:
    """The parts with another content of one, and the manifest made to agree with it."""
    manifest = json.loads(parts["manifest.json"])
    for part in manifest["parts"]:
        if f"{part['table']}.jsonl" == name:
            part |= {"rows": data.count(b"\n"), "size_bytes": len(data), "sha256": sha256(data).hexdigest()}
    return parts | {name: data, "manifest.json": json.dumps(manifest).encode()}


def with_manifest(parts: Parts, change: Callable[[dict[str, Any]], object]) -> Parts:
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    return parts | {"manifest.json": json.dumps(manifest).encode()}


def test_repacked_parts_are_still_a_backup(whole: Parts, empty: Database, tmp_path: Path) -> None:
    assert backup.restore(pack(tmp_path / "b", whole), empty).rows > 0


def test_every_changed_part_is_noticed(whole: Parts, empty: Database, tmp_path: Path) -> None:
    for name, data in whole.items():
        if not data or name == "manifest.json":
            continue
        changed = whole | {name: data.replace(b"1", b"2", 1)}

        assert name.split(".")[0] in refused(pack(tmp_path / name, changed), empty)


def test_every_flipped_byte_is_noticed_or_harmless(whole: Parts, empty: Database, tmp_path: Path) -> None:
    good = pack(tmp_path / "good", whole).read_bytes()
    expected = backup.verify(tmp_path / "good")
    for position in range(0, len(good), 97):
        data = bytearray(good)
        data[position] ^= 0x41
        (tmp_path / "flipped").write_bytes(data)
        with suppress(InvalidInput, Conflict):
            assert backup.verify(tmp_path / "flipped").rows == expected.rows


def test_a_cut_file_is_refused(whole: Parts, empty: Database, tmp_path: Path) -> None:
    good = pack(tmp_path / "good", whole).read_bytes()
    for length in (0, 1, 100, len(good) // 2, len(good) - 1):
        (tmp_path / "cut").write_bytes(good[:length])
        refused(tmp_path / "cut", empty)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "extra.jsonl", "users.jsonl/", "C:\\x", "a\x00b"])
def test_a_part_that_does_not_belong_is_refused(whole: Parts, empty: Database, tmp_path: Path, name: str) -> None:
    refused(pack(tmp_path / "b", whole | {name: b"x"}), empty)

    assert not (tmp_path.parent / "etc").exists()


def test_a_link_in_place_of_a_part_is_refused(whole: Parts, empty: Database, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b", "w") as file:
        for name, data in whole.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16 if name == "users.jsonl" else 0
            file.writestr(info, b"/etc/passwd" if name == "users.jsonl" else data)

    refused(tmp_path / "b", empty)


def test_a_missing_or_doubled_part_is_refused(whole: Parts, empty: Database, tmp_path: Path) -> None:
    refused(pack(tmp_path / "missing", {name: data for name, data in whole.items() if name != "users.jsonl"}), empty)
    path = pack(tmp_path / "doubled", whole)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("users.jsonl", whole["users.jsonl"])
    refused(path, empty)


def test_a_bomb_is_refused_by_its_size(
    whole: Parts, empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FREE_SIZE", 1024 * 1024)
    bomb = signed(whole, "job_output.jsonl", b"[" + b" " * 40_000_000 + b"]\n")

    assert "far more" in refused(pack(tmp_path / "b", bomb), empty)


def test_a_bomb_that_lies_about_its_size_is_refused(whole: Parts, empty: Database, tmp_path: Path) -> None:
    bomb = whole | {"job_output.jsonl": b" " * 40_000_000}

    assert "size" in refused(pack(tmp_path / "b", bomb), empty)


def test_an_endless_line_is_not_read_whole(
    whole: Parts, empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LONGEST_LINE", 1024)
    long = signed(whole, "job_output.jsonl", b'["' + b"x" * 5000 + b'"]\n')

    refused(pack(tmp_path / "b", long), empty)


@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b"{}\n", b"[]\n", b"[" * 5000 + b"\n", b'["a"]\n', b"\xff\xfe\n", b"no end of line"],
)
def test_a_row_of_another_shape_is_refused(whole: Parts, empty: Database, tmp_path: Path, line: bytes) -> None:
    refused(pack(tmp_path / "b", signed(whole, "tags.jsonl", line)), empty)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", 7),
        ("email", None),
        ("name", ["a"]),
        ("created_at", "today"),
        ("created_at", 1.5),
        ("created_at", True),
        ("created_at", 2**63),
        ("account_id", "nobody"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(
    whole: Parts, empty: Database, tmp_path: Path, column: str, value: object
) -> None:
    rows = [json.loads(line) for line in whole["users.jsonl"].splitlines()]
    rows[0][dump.columns("users").index(column)] = value
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    refused(pack(tmp_path / "b", signed(whole, "users.jsonl", data)), empty)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(format="another"),
        lambda manifest: manifest.update(format=7),
        lambda manifest: manifest.pop("format"),
        lambda manifest: manifest.update(revision="9999"),
        lambda manifest: manifest.update(unknown=1),
        lambda manifest: manifest.update(parts=[]),
        lambda manifest: manifest["parts"][0].update(columns=["id"]),
        lambda manifest: manifest["parts"][0].update(rows=-1),
        lambda manifest: manifest["parts"][0].update(sha256=""),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    whole: Parts, empty: Database, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    refused(pack(tmp_path / "b", with_manifest(whole, change)), empty)


@pytest.mark.parametrize("text", [b"", b"[]", b"7", b"\xff", b"[" * 100_000, b"{" + b" " * 2_000_000 + b"}"])
def test_a_manifest_that_is_none_is_refused(whole: Parts, empty: Database, tmp_path: Path, text: bytes) -> None:
    refused(pack(tmp_path / "b", whole | {"manifest.json": text}), empty)


def test_what_is_no_archive_or_not_there_is_named(empty: Database, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")

    assert str(tmp_path / "text") in refused(tmp_path / "text", empty)
    assert "No such file" in refused(tmp_path / "nothing", empty)
    assert "directory" in refused(tmp_path, empty)
