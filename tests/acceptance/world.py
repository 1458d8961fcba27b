"""The world of the seed: a running service, real and emulated backends behind it, and the names its examples use."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.lab.docker import DockerHost
from tests.lab.moto import Ec2Service
from tests.lab.sshd import KeyPair, Sshd
from tests.support.service import EMAIL, PASSWORD, Service

RUN = "import sys; from mistcli.main import main; sys.argv[0] = 'mist'; sys.exit(main())"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a bordered table, header first."""
        lines = [line for line in self.out.splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@dataclass
class World:
    """`home` stands where the seed has /home/user; `mist` runs one command line as a user's shell would."""

    service: Service
    docker: DockerHost
    ec2: Ec2Service
    sshd: Sshd
    key: KeyPair
    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def mist(self, line: str, *, stdin: str = "", check: bool = False) -> Result:
        """`line` begins with `mist`; the places that the seed names are those of this world."""
        words = [word.replace("/home/user", str(self.home)) for word in shlex.split(line)]
        words = [str(self.home) + word[1:] if word.startswith("~/") else word for word in words]
        result = subprocess.run(
            [sys.executable, "-c", RUN, *words[1:]],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            env=self.environment,
        )
        told = Result(result.returncode, result.stdout, result.stderr)
        assert not check or told.code == 0, f"{line}\n{told.out}{told.err}"
        assert "Traceback" not in told.err, told.err
        return told

    @cached_property
    def image(self) -> str:
        """An image whose containers the key opens over SSH."""
        return self.docker.mini_image(self.key.public)

    @cached_property
    def token(self) -> str:
        """A session of the first user's."""
        return self.service.sign_in()

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MIST_")}
        return {
            **kept,
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "MIST_URI": self.service.uri,
            "MIST_EMAIL": EMAIL,
            "MIST_PASSWORD": PASSWORD,
            **self.env,
        }

    def forget_everything(self) -> None:
        """No backend and no key is left in Mist; at the providers nothing changes."""
        token = self.token
        for noun in ("backends", "keys"):
            _, answer = self.service.request("GET", f"/{noun}?limit=1000", token=token)
            for item in answer["items"]:
                status, told = self.service.request("DELETE", f"/{noun}/{item['id']}", token=token)
                assert status == 204, told
