"""One of OpenStack's services behind a port, run by the environment in which they are installed, not by ours.

    python service.py nova 8774 /folder/with/its/nova.conf

Nova is one process: its API, conductor, scheduler and compute service talk over a queue in memory.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any


def keystone(folder: str) -> Any:
    from keystone.wsgi.api import application

    return application


def glance(folder: str) -> Any:
    from glance.wsgi.api import application

    return application


def placement(folder: str) -> Any:
    from placement.wsgi.api import application

    return application


def neutron(folder: str) -> Any:
    """Its migrations do not run on SQLite, so the tables are made as they are now; ports are bound by nobody."""
    import sqlalchemy
    from neutron.db.migration.models import head
    from neutron.tests.unit.plugins.ml2.drivers import mechanism_logger
    from neutron_lib.plugins.ml2 import api

    class Binds(api.MechanismDriver):  # type: ignore[misc]
        def initialize(self) -> None:
            pass

        def bind_port(self, context: Any) -> None:
            context.set_binding(context.segments_to_bind[0]["id"], "ovs", {}, status="ACTIVE")

    mechanism_logger.LoggerMechanismDriver = Binds
    head.get_metadata().create_all(sqlalchemy.create_engine(f"sqlite:///{folder}/neutron.db"))
    from neutron.wsgi.api import application

    return one_by_one(application)


def one_by_one(application: Any) -> Any:
    """Neutron's servers have one thread a process: two that load its policies at once forbid what they allow."""
    turn = threading.Lock()

    def waiting(environ: Any, start_response: Any) -> list[bytes]:
        with turn:
            return list(application(environ, start_response))

    return waiting


def nova(folder: str) -> Any:
    from nova import monkey_patch

    monkey_patch.patch(backend="threading")
    import os_vif
    from nova import context, objects, service
    from nova.api.openstack import wsgi_app
    from nova.objects import host_mapping

    wsgi_app.init_global_data([f"{folder}/nova.conf"], "osapi_compute", "nova-api-os-compute")
    objects.register_all()
    os_vif.initialize()
    wait_for(Path(folder) / "registered")
    for name, other in (("conductor", None), ("scheduler", None), ("compute", "compute-alt")):
        service.Service.create(binary=f"nova-{name}", topic=name, topic_alt=other).start()
    host_mapping.discover_hosts(context.get_admin_context())
    return wsgi_app.init_application("osapi_compute", "nova-api-os-compute")


def wait_for(file: Path) -> None:
    """The compute service tells the placement service of itself at its start: that one has to be there."""
    while not file.exists():
        time.sleep(0.1)


def one_at_a_time() -> None:
    """SQLite knows no second writer: a transaction that may write has to say so at its beginning."""
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "connect")
    def connected(connection: Any, record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")

    @event.listens_for(Engine, "before_cursor_execute", retval=True)
    def executed(connection: Any, cursor: Any, statement: str, parameters: Any, *more: object) -> tuple[str, Any]:
        return ("BEGIN IMMEDIATE" if statement == "BEGIN" else statement), parameters


def main(name: str, port: int, folder: str) -> None:
    paste = Path(sys.prefix) / "etc/nova/api-paste.ini"
    os.environ |= {
        "OS_KEYSTONE_CONFIG_FILES": f"{folder}/keystone.conf",
        "OS_GLANCE_CONFIG_DIR": folder,
        "OS_PLACEMENT_CONFIG_DIR": folder,
        "OS_NEUTRON_CONFIG_DIR": folder,
        "OS_NEUTRON_CONFIG_FILES": "neutron.conf",
        "OS_NOVA_CONFIG_DIR": folder,
        "OS_NOVA_CONFIG_FILES": f"{paste};nova.conf",
    }
    sys.argv = [name] if name == "glance" else [name, "--config-file", f"{folder}/{name}.conf"]
    os.chdir(folder)
    one_at_a_time()
    application = globals()[name](folder)
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):  # type: ignore[misc]
        protocol_version = "HTTP/1.1"
        wbufsize = 65536

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    make_server("127.0.0.1", port, application, threaded=True, request_handler=Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
