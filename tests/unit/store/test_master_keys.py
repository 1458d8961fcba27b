"""Where the master key is looked for, and which keys are refused."""

from __future__ import annotations

import secrets
from base64 import b64encode
from pathlib import Path

import pytest

from mistserver.domain.errors import Conflict, InvalidInput
from mistserver.store.master_keys import FILE, MasterKey, create_default, load_master_keys, write


def make_text() -> str:
    return b64encode(secrets.token_bytes(32)).decode()


def keep(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_environment_wins_over_files_and_the_data_directory_comes_last(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    env = {"MIST_MASTER_KEY": make_text(), "CREDENTIALS_DIRECTORY": str(credentials)}
    file = keep(tmp_path / "elsewhere.key", make_text())
    keep(tmp_path / FILE, make_text())
    keep(credentials / "mist-master-key", make_text())

    sources = [load_master_keys(tmp_path, file, env)]
    del env["MIST_MASTER_KEY"]
    sources += [load_master_keys(tmp_path, file, env), load_master_keys(tmp_path, None, env)]
    (credentials / "mist-master-key").unlink()
    sources += [load_master_keys(tmp_path, None, env)]

    assert [found.source for found in sources] == [
        "the environment variable MIST_MASTER_KEY",
        f"the file {file}",
        "the systemd credential mist-master-key",
        f"the file {tmp_path / FILE}",
    ]
    assert [found.path for found in sources] == [None, file, None, tmp_path / FILE]
    assert len({found.current.id for found in sources}) == 4


def test_without_any_source_there_is_no_key_and_no_file(tmp_path: Path) -> None:
    found = load_master_keys(tmp_path, None, {})

    assert found.keys == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "short", "ü" * 44, b64encode(bytes(31)).decode(), "A" * 44 + "="])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_master_keys(tmp_path, keep(tmp_path / "key", text), {})

    assert not text or text not in caught.value.message
    assert str(tmp_path / "key") in caught.value.message


def test_a_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = keep(tmp_path / FILE, make_text())
    path.chmod(0o640)

    with pytest.raises(Conflict, match="chmod 600"):
        load_master_keys(tmp_path, None, {})


def test_a_named_file_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        load_master_keys(tmp_path, tmp_path / "nowhere", {})


def test_several_keys_are_kept_in_their_order(tmp_path: Path) -> None:
    keys = tuple(MasterKey.of(secrets.token_bytes(32)) for _ in range(3))

    write(tmp_path / FILE, keys)

    assert load_master_keys(tmp_path, None, {}).keys == keys
    texts = [b64encode(key.secret).decode() for key in keys]
    assert load_master_keys(tmp_path, None, {"MIST_MASTER_KEY": ", ".join(texts)}).keys == keys


def test_a_new_key_file_does_not_replace_one(tmp_path: Path) -> None:
    missing = load_master_keys(tmp_path, None, {})
    made = create_default(missing)

    assert create_default(missing).keys == made.keys
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_write_that_fails_leaves_the_old_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = (MasterKey.of(secrets.token_bytes(32)),)
    write(tmp_path / FILE, keys)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / FILE, (MasterKey.of(secrets.token_bytes(32)), *keys))

    assert load_master_keys(tmp_path, None, {}).keys == keys
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
