"""OpenStack's own services from the Python index, in an environment of their own that is kept between sessions."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.lab.environments import alone, install
from tests.lab.kernel import cache_folder
from tests.lab.openstack import config

HERE = Path(__file__).parent
PORTS = dict.fromkeys(config.SERVICES, 1)  # where no service is started
PASSWORD = "lab-admin"


def installed() -> Path:
    """The folder with `venv` (the services) and `fresh` (their databases before the first start).

    Made when it is not there, which takes a minute or two; skips where the index cannot be reached.
    """
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ("requirements.txt", "config.py")))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = cache_folder() / f"openstack-{version}-{wanted.hexdigest()[:12]}"
    with alone(folder):
        if not (folder / "fresh").is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            install(folder / "venv", HERE / "requirements.txt", "OpenStack's services")
            _initialise(folder)
    return folder


def _initialise(folder: Path) -> None:
    """Databases, Keystone's keys and its first user."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        into = Path(made)
        config.write(into, folder / "venv", PORTS, PASSWORD)
        keystone = ["--config-file", into / "keystone.conf"]
        nova = ["--config-file", into / "nova.conf"]
        whose = ["--keystone-user", "root", "--keystone-group", "root"]
        url = "http://127.0.0.1:1/v3"
        at = [item for each in ("public", "internal", "admin") for item in (f"--bootstrap-{each}-url", url)]
        first = ["--bootstrap-password", PASSWORD, "--bootstrap-region-id", config.REGION]
        cell0 = ["--database_connection", config.database(into, "nova_cell0")]
        _together(
            folder,
            into,
            [
                ["keystone-manage", *keystone, "db_sync"],
                ["keystone-manage", *keystone, "fernet_setup", *whose],
                ["keystone-manage", *keystone, "credential_setup", *whose],
                ["keystone-manage", *keystone, "bootstrap", *first, *at],
                ["glance-manage", "--config-file", into / "glance-api.conf", "db_sync"],
            ],
            [
                ["nova-manage", *nova, "api_db", "sync"],
                ["nova-manage", *nova, "cell_v2", "map_cell0", *cell0],
                ["nova-manage", *nova, "cell_v2", "create_cell", "--name", "cell1"],
                ["nova-manage", *nova, "db", "sync"],
                ["placement-manage", "--config-file", into / "placement.conf", "db", "sync"],
            ],
        )
        kept = folder / "fresh.part"
        shutil.copytree(into, kept, ignore=shutil.ignore_patterns("*.conf", "*.log"))
        _renamed(kept, into)
        kept.rename(folder / "fresh")


def _renamed(kept: Path, into: Path) -> None:
    """Nova keeps the addresses of its databases in one of them; the folder in them is put in at each start."""
    import sqlite3

    with sqlite3.connect(kept / "nova_api.db") as database:
        database.execute(
            "UPDATE cell_mappings SET database_connection = replace(database_connection, ?, ?)",
            (str(into), config.FOLDER),
        )
    database.close()


def _together(folder: Path, into: Path, *rows: Sequence[Sequence[object]]) -> None:
    """Each row in its order, the rows at the same time."""
    script = " & ".join("(" + " && ".join(_quoted(folder, argv) for argv in row) + ")" for row in rows)
    waits = "for job in $(jobs -p); do wait $job || exit 1; done"
    environment = {"OS_PLACEMENT_CONFIG_DIR": str(into), "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        ["bash", "-c", f"{script} & {waits}"], capture_output=True, text=True, timeout=600, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]


def _quoted(folder: Path, argv: Sequence[object]) -> str:
    import shlex

    return shlex.join([str(folder / "venv/bin" / str(argv[0])), *map(str, argv[1:])])
