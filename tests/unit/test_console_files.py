"""Which file of the console is given, in which form, and that nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mistserver.console import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built console with a secret beside it and a hidden file in it."""
    static = tmp_path / "static"
    (static / "assets" / "deep").mkdir(parents=True)
    (tmp_path / "secret.js").write_text("secret")
    (static / ".inputs.js").write_text("secret")
    (static / "assets" / "deep" / "a.js").write_text("secret")
    (static / "index.html").write_text("<p>")
    for ending in ("", ".br", ".gz"):
        (static / "assets" / f"a.js{ending}").write_text(f"a{ending}")
    (static / "assets" / "b.css").write_text("b")
    return static


@pytest.mark.parametrize(
    ("accepted", "body", "encoding"),
    [
        ("", b"a", ""),
        ("identity", b"a", ""),
        ("gzip, deflate", b"a.gz", "gzip"),
        ("gzip, deflate, br, zstd", b"a.br", "br"),
        ("GZIP;q=0.5, br;q=0", b"a.gz", "gzip"),
        ("br; q=0.000 , gzip;q=0", b"a", ""),
        ("*", b"a", ""),
    ],
)
def test_the_smallest_form_that_is_accepted(folder: Path, accepted: str, body: bytes, encoding: str) -> None:
    found = files.find("assets/a.js", accepted, folder)

    assert found is not None
    assert (found.body, found.encoding, found.kind) == (body, encoding, "text/javascript; charset=utf-8")
    assert found.is_asset


def test_a_file_without_other_forms_is_given_as_it_is(folder: Path) -> None:
    found = files.find("assets/b.css", "br, gzip", folder)

    assert found is not None
    assert (found.body, found.encoding) == (b"b", "")


@pytest.mark.parametrize(
    "name",
    [
        "../secret.js",
        "assets/../../secret.js",
        "/etc/passwd",
        "assets/../.inputs.js",
        ".inputs.js",
        "assets/deep/a.js",
        "assets//a.js",
        "assets/a.js\0",
        "assets/a.js\n",
        "assets\\a.js",
        "assets/a.js.br",
        "assets",
        "assets/",
        "",
        "none.js",
    ],
)
def test_nothing_else_is_given(folder: Path, name: str) -> None:
    assert files.find(name, "br", folder) is None
