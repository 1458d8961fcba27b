"""A folder that stands for a machine: its package manager records what it is asked, and changes nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from mistserver.monitoring.agent import texts
from mistserver.monitoring.agent.texts import Target
from tests.unit.monitoring.distributions import PLUGINS, Distribution

# the only programs of this machine that a script can find
_REAL = (
    *("cat", "chmod", "comm", "cp", "grep", "head", "mkdir", "mv", "rm"),
    *("rmdir", "sed", "sleep", "sort", "tail", "touch", "tr"),
)
# `live` leaves a process behind, as collectd does, and its pid
_PUT = f"""
put() {{
  mkdir -p "$ROOT/$1"
  for plugin in {PLUGINS}; do touch "$ROOT/$1/$plugin.so"; done
  {{
    echo '#!/bin/sh'
    echo 'printf "collectd %s\\n" "$*" >> "$ROOT/asked"'
    echo 'case "$*" in -t*) ;; *)'
    declare_live
    echo 'live ;; esac'
  }} > "$ROOT/usr/sbin/collectd"
  chmod 755 "$ROOT/usr/sbin/collectd"
}}
declare_live() {{ echo 'live() {{ sleep 60 </dev/null >/dev/null 2>&1 & echo $! > "$DIR/pid"; }}'; }}
eval "$(declare_live)"
"""
TARGET = Target("https://mist.example.org/api/v1/intake/collectd", "machine-1", 'pass"word\\')


class FakeRoot:
    """A folder that stands for /, and the fakes of a distribution in front of a few real programs."""

    def __init__(self, folder: Path, distribution: Distribution) -> None:
        self.folder = folder
        self.agent = folder / "opt" / "mist-collectd"
        for name in ("bin", "usr/sbin", "opt", "etc/systemd/system", "etc/init.d"):
            (folder / name).mkdir(parents=True)
        if distribution.init != "none":
            (folder / "run" / {"systemd": "systemd/system", "openrc": "openrc"}[distribution.init]).mkdir(parents=True)
        for name, content in distribution.files.items():
            (folder / name).write_text(content)
        for name, text in {"id": "echo 0", "ldd": "", **distribution.fakes}.items():
            self.fake(name, text, recorded=name not in ("id", "ldd"))
        for name in _REAL:
            (folder / "bin" / name).symlink_to(str(shutil.which(name)))

    def fake(self, name: str, text: str, *, recorded: bool = True) -> None:
        path = self.folder / "bin" / name
        record = f'printf "%s\\n" "{name} $*" >> "$ROOT/asked"\n' if recorded else ""
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{record}{_PUT}\n{text}\n")
        path.chmod(0o755)

    def run(
        self, script: str, shell: str = "sh", stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """What the script said. `asked` begins anew."""
        (self.folder / "asked").write_text("")
        return subprocess.run(
            [str(shutil.which(shell)), "-c", texts.script(script)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": str(self.folder / "bin"), "ROOT": str(self.folder), "DIR": str(self.agent), **environment},
        )

    @property
    def asked(self) -> str:
        return (self.folder / "asked").read_text().replace(str(self.agent), "DIR")

    @property
    def recorded(self) -> tuple[str, ...]:
        path = self.agent / "packages"
        return tuple(path.read_text().split()) if path.exists() else ()

    def listing(self) -> set[str]:
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")} - {"asked"}
