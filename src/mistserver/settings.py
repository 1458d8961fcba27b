"""Every setting of the service, once: name, default and meaning. Flags, environment, file and docs come from here."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from mistserver.domain.errors import InvalidInput


def _setting(default: Any, help: str, *, secret: bool = False) -> Any:
    metadata = {"help": help, "secret": secret}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


def default_data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_DATA_HOME/mist`, by default `~/.local/share/mist`."""
    base = environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(base) / "mist"


@dataclass(frozen=True)
class Settings:
    """Read once at start and handed down. Times in seconds, sizes in bytes, as the names say."""

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8000, "Port to listen on.")
    data_dir: Path = _setting(Path(), "Directory of the database, the master key and the settings file.")
    database_url: str = _setting("", "postgresql://... for several services on one base; empty: SQLite.", secret=True)
    public_url: str = _setting("", "Address under which users and machines reach the service.")
    tls_cert: str = _setting("", "PEM file with the certificate chain; with it the service speaks HTTPS.")
    tls_key: str = _setting("", "PEM file with the certificate's private key.")
    trusted_proxy: tuple[str, ...] = _setting((), "Address of a proxy whose X-Forwarded-* headers are believed.")
    allow_plain_http: bool = _setting(False, "Accept plain HTTP on an address that is not loopback.")
    manage_this_host: bool = _setting(False, "Let Mist manage the machine on which the service runs.")
    log_level: str = _setting("info", "debug, info, warning or error.")
    master_key_file: str = _setting("", "File with the master key; empty: master.key in the data directory.")
    provider_endpoint: dict[str, str] = _setting({}, "PROVIDER=URL: sends a provider's calls elsewhere.")
    provider_timeout_s: float = _setting(20.0, "Time for one network exchange with a provider.")
    provider_threads: int = _setting(32, "Calls to providers that may be under way at once.")
    inventory_interval_s: float = _setting(60.0, "Time between two readings of every backend's machines.")
    inventory_fresh_s: float = _setting(15.0, "A reading younger than this is shown as it is.")
    inventory_wait_s: float = _setting(2.0, "How long a listing waits for a new reading.")
    refresh_wait_s: float = _setting(10.0, "How long a listing with refresh waits for new readings.")
    inventory_timeout_s: float = _setting(20.0, "Time for one backend's whole reading, every page of it.")
    catalog_fresh_s: float = _setting(300.0, "Images, sizes, locations and networks read since then are shown as kept.")
    catalog_timeout_s: float = _setting(60.0, "Time for reading one backend's images, sizes, locations or networks.")
    ssh_connect_timeout_s: float = _setting(15.0, "Time for connecting and signing in to a machine.")
    ssh_keepalive_s: float = _setting(15.0, "Time between two signs of life on an open connection.")
    ssh_idle_s: float = _setting(600.0, "An unused connection is closed after this time.")
    run_parallel: int = _setting(100, "Machines on which one run works at once.")
    run_timeout_s: float = _setting(600.0, "Time for a command on one machine, unless the run says otherwise.")
    run_output_bytes: int = _setting(1024 * 1024, "Output kept of each machine and stream.")
    job_concurrency: int = _setting(32, "Jobs that one service works on at once.")
    jobs_kept_days: float = _setting(30.0, "Finished jobs are kept this long.")
    events_kept_days: float = _setting(365.0, "Events are kept this long.")
    collectd_port: int = _setting(0, "UDP port for packets of machines' own collectd, usually 25826; 0: none.")
    metrics_url: str = _setting("", "VictoriaMetrics that keeps the metrics; empty: Mist itself does.", secret=True)
    metrics_raw_days: float = _setting(2.0, "Samples of machines are kept this long as they came.")
    metrics_minutes_days: float = _setting(14.0, "Metrics are kept this long by the minute.")
    metrics_hours_days: float = _setting(366.0, "Metrics are kept this long by the hour.")
    metrics_series: int = _setting(2000, "Series that one machine may send; what comes of others is refused.")
    session_days: float = _setting(30.0, "A sign-in is valid this long.")
    body_limit_bytes: int = _setting(2 * 1024 * 1024, "Largest body of a request.")
    drain_s: float = _setting(20.0, "Time for requests and jobs to come to rest when the service stops.")

    @property
    def trusted_proxies(self) -> tuple[str, ...]:
        return self.trusted_proxy

    @property
    def provider_endpoints(self) -> dict[str, str]:
        return self.provider_endpoint


@dataclass(frozen=True)
class Origin:
    """Where the value of a setting came from: default, file, environment or flag."""

    name: str
    value: Any
    source: str
    help: str
    secret: bool


def load(
    flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ, file: Path | None = None
) -> tuple[Settings, list[Origin]]:
    """Settings by default < file < environment (`MIST_<NAME>`) < flag, and the origin of each.

    The file is `settings.toml` in the data directory unless given. InvalidInput names the setting and its source.
    """
    data_dir = Path(flags.get("data_dir") or environ.get("MIST_DATA_DIR") or default_data_dir(environ)).expanduser()
    path = file or data_dir / "settings.toml"
    from_file = _read_file(path, must_exist=file is not None)
    values: dict[str, Any] = {"data_dir": data_dir}
    origins = []
    for item in fields(Settings):
        value, source = _choose(item.name, flags, environ, (from_file, str(path)))
        if source != "default" and item.name != "data_dir":
            values[item.name] = _convert(item.name, value, _default(item), source)
        shown = values.get(item.name, _default(item))
        origins.append(Origin(item.name, shown, source, item.metadata["help"], item.metadata["secret"]))
    unknown = set(from_file) - {item.name for item in fields(Settings)}
    if unknown:
        raise InvalidInput(f"{path} holds a setting that does not exist: {', '.join(sorted(unknown))}.")
    return Settings(**values), origins


def _default(item: Any) -> Any:
    return item.default if item.default is not MISSING else item.default_factory()


def _choose(
    name: str, flags: Mapping[str, Any], environ: Mapping[str, str], from_file: tuple[dict[str, Any], str]
) -> tuple[Any, str]:
    variable = f"MIST_{name.upper()}"
    if flags.get(name) not in (None, [], {}):
        return flags[name], "flag"
    if isinstance(_default_of(name), dict):
        prefix = f"{variable}_"
        named = {key.removeprefix(prefix).lower(): value for key, value in environ.items() if key.startswith(prefix)}
        if named:
            return named, "environment"
    elif variable in environ:
        return environ[variable], "environment"
    if name in from_file[0]:
        return from_file[0][name], from_file[1]
    return None, "default"


def _default_of(name: str) -> Any:
    return next(_default(item) for item in fields(Settings) if item.name == name)


def _read_file(path: Path, must_exist: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        if must_exist:
            raise InvalidInput(f"There is no settings file {path}.") from None
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The settings file {path} cannot be read: {error}.") from None


def _convert(name: str, value: Any, default: Any, source: str) -> Any:
    try:
        return _to_type(value, default)
    except (ValueError, TypeError):
        kinds = {bool: "yes or no", int: "a whole number", float: "a number", dict: "PROVIDER=URL"}
        kind = kinds.get(type(default), "text")
        raise InvalidInput(f"The setting {name} (from {source}) must be {kind}.", setting=name) from None


def _to_type(value: Any, default: Any) -> Any:
    if isinstance(default, bool):
        return _to_bool(value)
    if isinstance(default, tuple):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if isinstance(default, dict):
        pairs = dict(part.split("=", 1) for part in value) if isinstance(value, list) else value
        return {str(key): str(text) for key, text in pairs.items()}
    if isinstance(default, int | float):
        number = type(default)(value)
        if number < 0 or number != number:
            raise ValueError(value)
        return number
    return str(value)


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if str(value).strip().lower() not in words:
        raise ValueError(value)
    return words[str(value).strip().lower()]
