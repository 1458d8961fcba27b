"""Adding a backend and replacing its credentials: the flags come from the providers' declarations."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from mistcli import select
from mistcli.call import Call, interactive
from mistcli.command import Command
from mistcli.output import report
from mistcli.parser import CommandParser, UsageError
from mistcli.secret import read_secret
from mistcli.text import note
from mistclient.declarations import bundled, find

_REGION_FLAGS = ("ec2-region", "rackspace-region", "hp-region", "openstack-region")
Setting = dict[str, Any]


def _add_arguments(parser: CommandParser) -> None:
    parser.usage = "mist add-backend --provider PROVIDER [--name NAME] [--region REGION] [the provider's options]"
    parser.add_argument("--provider", required=True, metavar="PROVIDER", help="one of `mist list-providers`")
    parser.add_argument("--name", "--title", help="the backend's name (default: after its provider)")
    _shared(parser)


def _update_arguments(parser: CommandParser) -> None:
    parser.usage = "mist update-backend BACKEND [the provider's options]"
    parser.selector("backend")
    parser.add_argument("--new-name", help="another name")
    _shared(parser)


def _shared(parser: CommandParser) -> None:
    providers = bundled()
    regions = [f"--{flag}" for flag in {item.get("region_flag") for item in providers} | set(_REGION_FLAGS) if flag]
    parser.add_argument("--region", help="the provider's region")
    parser.add_argument(
        *sorted(regions), dest="own_region", action="append", metavar="REGION", help="the same as --region"
    )
    parser.add_argument("--endpoint", metavar="URL", help="the address of the provider's API, for private clouds")
    parser.add_argument("--ca-file", metavar="PATH", help="the CA certificates that its certificate is signed by")
    parser.add_argument("--jump-host", metavar="USER@HOST[:PORT]", help="reach everything through this SSH host")
    parser.add_argument("--jump-key", metavar="KEY", help="the jump host's key (a key kept by Mist)")
    parser.add_argument("--address-use", choices=("public", "private"), help="which address of a machine to talk to")
    _provider_flags(parser, providers)
    parser.late_options = _service_flags


def _provider_flags(parser: CommandParser, providers: list[dict[str, Any]]) -> None:
    seen = set(parser._option_string_actions)
    for provider in providers:
        group = parser.add_argument_group(f"{provider['title']} (--provider {provider['id']})")
        for setting in provider["settings"]:
            _setting_flags(group, setting, seen)


def _service_flags(call: Call) -> None:
    """Flags of providers that this command does not know: of other packages, or of a newer service."""
    from mistclient.errors import MistError

    try:
        providers = call.client.providers()
    except MistError:
        return  # then the option is unknown, which is said without the service
    _provider_flags(call.parser, providers)
    call.parser.set_defaults(declared=providers)


def _setting_flags(group: Any, setting: Setting, seen: set[str]) -> None:
    flags = [f"--{flag}" for flag in (setting["flag"], *setting.get("aliases", [])) if f"--{flag}" not in seen]
    if not flags:
        return
    seen.update(flags)
    told = setting["help"].replace("%", "%%")
    if setting.get("default") is not None:
        told += f" (default: {setting['default']})"
    if setting["kind"] == "file":
        told += "; the path of a file here"
    elif setting["secret"]:
        told += f"; safer: --{setting['flag']}-file PATH, {variable(setting)}, or - to be asked"
    group.add_argument(*flags, dest=setting["flag"], metavar=setting["kind"].upper(), help=told)
    if setting["secret"] and setting["kind"] != "file":
        from_file = f"{setting['flag']}-file"
        group.add_argument(f"--{from_file}", dest=from_file, metavar="PATH", help="its file (- for stdin)")


def variable(setting: Setting) -> str:
    """The environment variable that may hold a secret setting."""
    return f"MIST_{setting['flag'].upper().replace('-', '_')}"


def add_backend(call: Call) -> int | None:
    provider = _declared(call)
    region = _region(call, provider[1])
    settings = _settings(call, provider[0], complete=provider[0]["available"])
    added = call.client.add_backend(provider[0]["id"], call.args.name, region=region, **_generic(call), **settings)
    report(call.args, "New backend added", added.record)
    note(f"{added.name} ({added.id})")
    return None


def update_backend(call: Call) -> int | None:
    backend = select.backend(call, "change")
    found = find(bundled(), backend.provider) or find(call.client.providers(), backend.provider)
    credentials = _settings(call, found[0], complete=False) if found else {}
    generic = _generic(call)
    replaced = {name: generic.pop(name) for name in ("endpoint", "ca_pem") if name in generic}
    region = _region(call, None)
    changes = {**generic, **({"name": call.args.new_name} if call.args.new_name is not None else {})}
    if not (credentials or replaced or region or changes):
        raise UsageError("say what to change; `mist update-backend --help` lists what can be")
    if credentials or replaced or region:
        backend.update_credentials(**credentials, **replaced, **({"region": region} if region else {}))
    if changes:
        backend.update(**changes)
    report(call.args, f"Updated backend {backend.name}", backend.record)
    return None


def _declared(call: Call) -> tuple[dict[str, Any], str | None]:
    asked = call.args.provider
    found = find(bundled(), asked) or find(call.client.providers(), asked)
    if found is None:
        from mistcli.parser import closest

        known = [item["id"] for item in bundled()]
        close = closest(asked, known)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}"
        raise UsageError(f"there is no provider {asked!r}; {hint}")
    return found


def _region(call: Call, implied: str | None) -> str | None:
    given = {region for region in (call.args.region, implied, *(call.args.own_region or [])) if region}
    if len(given) > 1:
        raise UsageError(f"give one region, not {' and '.join(sorted(given))}")
    return given.pop() if given else None


def _settings(call: Call, provider: dict[str, Any], complete: bool) -> dict[str, Any]:
    """The settings given for this provider; a flag of another provider is a usage error."""
    args = vars(call.args)
    own = {setting["flag"] for setting in provider["settings"]}
    for item in args.get("declared") or bundled():
        for setting in item["settings"]:
            if setting["flag"] not in own and args.get(setting["flag"]) is not None:
                raise UsageError(f"--{setting['flag']} is for {item['title']}, not for {provider['title']}")
    settings: dict[str, Any] = {}
    for setting in provider["settings"]:
        value = _value(args, setting, ask=complete and bool(setting["required"]))
        if value is not None:
            settings[setting["name"]] = value
        elif complete and setting["required"]:
            raise UsageError(f"{provider['title']} needs --{setting['flag']} ({setting['help']})")
    return settings


def _value(args: dict[str, Any], setting: Setting, ask: bool) -> str | None:
    given: str | None = args.get(setting["flag"])
    if setting["kind"] == "file":
        return None if given is None else _content(given, setting)
    if not setting["secret"]:
        return given
    from_file = args.get(f"{setting['flag']}-file")
    if from_file is not None:
        if given is not None:
            raise UsageError(f"give only one of --{setting['flag']} and --{setting['flag']}-file")
        return read_secret(from_file)
    if given is None:
        return os.environ.get(variable(setting)) or (_asked(setting) if ask and interactive() else None)
    if given == "-":
        return _asked(setting)
    if interactive():
        note(f"--{setting['flag']} can be seen in the list of processes; --{setting['flag']}-file PATH hides it.")
    return given


def _asked(setting: Setting) -> str:
    if not interactive():
        return sys.stdin.readline().rstrip("\r\n")
    from mistcli.session import ask_hidden

    return ask_hidden(f"{setting['help']}: ")


def _content(path: str, setting: Setting) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"--{setting['flag']}: there is no file {path}") from None
    except UnicodeDecodeError:
        raise UsageError(f"--{setting['flag']}: {path} is not a text file") from None


def _generic(call: Call) -> dict[str, Any]:
    args = call.args
    found = {"endpoint": args.endpoint, "address_use": args.address_use}
    if args.ca_file is not None:
        found["ca_pem"] = Path(args.ca_file).expanduser().read_text(encoding="ascii")
    if args.jump_host is not None:
        found["jump_host"] = _jump_host(args.jump_host, args.jump_key)
    elif args.jump_key is not None:
        raise UsageError("--jump-key goes with --jump-host")
    return {name: value for name, value in found.items() if value is not None}


def _jump_host(text: str, key: str | None) -> dict[str, Any]:
    if key is None:
        raise UsageError("--jump-host needs --jump-key, the name of a key kept by Mist")
    user, at, address = text.rpartition("@")
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, "22"
    if not port.isdigit() or not host:
        raise UsageError(f"--jump-host takes USER@HOST or USER@HOST:PORT, not {text!r}")
    return {"host": host.strip("[]"), "user": user if at else "root", "port": int(port), "key": key}


COMMANDS = {
    "add-backend": Command(
        _add_arguments,
        add_backend,
        "mist add-backend --provider ec2 --region ec2_ap_northeast --ec2-api-key KEY --ec2-api-secret-file secret.txt",
        "mist add-backend --provider docker --docker-host 10.0.0.1 --docker-port 4243",
        "mist add-backend --provider bare_metal --bare-hostname 198.230.89.3 --bare-ssh-key-id my_ssh_key",
    ),
    "update-backend": Command(
        _update_arguments,
        update_backend,
        "mist update-backend EC2 --ec2-api-key KEY --ec2-api-secret -",
        "mist update-backend Docker --endpoint https://docker.example.com:2376 --ca-file ca.pem",
    ),
}
