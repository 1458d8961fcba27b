"""Where a private key is kept, and that nothing is lost by it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ansible_collections.mist.mist.plugins.module_utils._private_files import keep, place
from mistclient.errors import InvalidInput


def test_a_folder_gets_a_file_with_the_keys_name(tmp_path: Path) -> None:
    assert place(str(tmp_path), "k") == tmp_path / "k"
    assert place(f"{tmp_path}/new/", "k") == tmp_path / "new" / "k"
    assert place(str(tmp_path / "file"), "k") == tmp_path / "file"


@pytest.mark.parametrize("name", ["../up", "..", "a/b", "a\0b"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a file's"):
        place(str(tmp_path), name)


def test_it_is_written_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    target = tmp_path / "new" / "key"

    assert keep(target, "private\n", pretend=True)
    assert not target.exists()
    assert keep(target, "private\n")
    assert not keep(target, "private\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "key"
    target.write_text("somebody's own")

    with pytest.raises(InvalidInput, match="holds something else"):
        keep(target, "private\n")
    assert target.read_text() == "somebody's own"
