from __future__ import annotations

import subprocess
import sys

import pytest

from mistserver.ssh.handshake import named_user
from mistserver.ssh.trouble import clipped


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ('Please login as the user "ubuntu" rather than the user "root".', "ubuntu"),
        ('Please login as the "ec2-user" user.', "ec2-user"),
        ("please log in as the user `core'", "core"),
        ("Please login as the user admin", "admin"),
        ("Welcome", None),
        ('Please login as the user "-oProxyCommand"', None),
        ('Please login as the user "$(id)"', None),
    ],
)
def test_the_user_that_a_server_names(text: str, user: str | None) -> None:
    assert named_user(text) == user


def test_words_of_a_machine_are_made_safe() -> None:
    assert clipped("a\x1b[2J\n\u202eb" + "x" * 500) == ("a?[2J ?b" + "x" * 500)[:200]


def test_the_pool_is_imported_without_the_library() -> None:
    modules = "mistserver.ssh.pool, mistserver.ssh.command, mistserver.ssh.shell, mistserver.ssh.files, "
    code = f"import sys, {modules} mistserver.ssh.forward, mistserver.ssh.keys; assert 'asyncssh' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], check=True)
