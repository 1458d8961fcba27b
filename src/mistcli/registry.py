"""Every command in the order of `mist --help`: its group, its module, one line about it. Modules load when used."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mistcli.command import Command

GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "setup": ("login", "Make the first user of a new service"),
        "login": ("login", "Sign in and remember the token"),
        "logout": ("login", "End the session and forget the token"),
        "user-info": ("login", "Show who you are and what your plan allows"),
    },
    "Backends": {
        "list-providers": ("providers", "List the providers that backends can be added of"),
        "add-backend": ("add_backend", "Add an account at a provider, a host or a hypervisor"),
        "list-backends": ("backends", "List backends"),
        "describe-backend": ("backends", "Show a backend and its machines"),
        "rename-backend": ("backends", "Give a backend another name"),
        "update-backend": ("add_backend", "Replace credentials or settings of a backend"),
        "enable-backend": ("backends", "Use a backend again"),
        "disable-backend": ("backends", "Stop using a backend without deleting it"),
        "delete-backend": ("backends", "Remove a backend from Mist"),
    },
    "Keys": {
        "add-key": ("keys", "Upload an SSH key, or have one made"),
        "list-keys": ("keys", "List keys"),
        "describe-key": ("keys", "Show a key with both its halves"),
        "rename-key": ("keys", "Give a key another name"),
        "delete-key": ("keys", "Delete a key"),
        "set-default-key": ("keys", "Choose the key that new machines get"),
        "associate-key": ("associations", "Put a key on a machine and prove that it works"),
        "disassociate-key": ("associations", "Take a key off a machine"),
    },
    "Images, sizes, locations, networks": {
        "list-images": ("catalog", "List a backend's images: the starred ones, or those that match"),
        "star-image": ("catalog", "Show an image in the short list"),
        "unstar-image": ("catalog", "Leave an image out of the short list"),
        "list-sizes": ("catalog", "List a backend's machine sizes"),
        "list-locations": ("catalog", "List a backend's locations"),
        "list-networks": ("catalog", "List a backend's networks"),
    },
    "Machines": {
        "create-machine": ("create", "Create machines"),
        "list-machines": ("machines", "List the machines of all backends"),
        "describe-machine": ("machines", "Show a machine"),
        "start": ("actions", "Start a machine"),
        "stop": ("actions", "Stop a machine"),
        "reboot": ("actions", "Reboot a machine"),
        "destroy": ("actions", "Destroy a machine for ever"),
        "resize": ("actions", "Give a machine another size"),
        "probe": ("machines", "Prove that SSH works, and show uptime and load"),
        "tag": ("tags", "Add tags to a machine"),
        "untag": ("tags", "Remove tags from a machine"),
        "run": ("run", "Run a command on many machines at once"),
        "ssh": ("ssh", "Open a terminal on a machine, or run one command"),
        "cp": ("cp", "Copy files to or from a machine"),
        "list-host-keys": ("host_keys", "Show the SSH host keys remembered of a machine"),
        "accept-host-key": ("host_keys", "Trust a machine's new host key after a rebuild"),
    },
    "Jobs and events": {
        "list-jobs": ("jobs", "List jobs"),
        "describe-job": ("jobs", "Show a job and its results"),
        "wait-job": ("jobs", "Wait until a job is finished"),
        "cancel-job": ("jobs", "Cancel a job"),
        "list-events": ("events", "Show who changed what, and follow it"),
    },
    "Users and tokens": {
        "add-user": ("users", "Add a user"),
        "list-users": ("users", "List users"),
        "delete-user": ("users", "Delete a user"),
        "set-password": ("users", "Change a password"),
        "create-token": ("tokens", "Make an API token"),
        "list-tokens": ("tokens", "List API tokens"),
        "revoke-token": ("tokens", "End an API token"),
    },
    "The service, on its own host": {
        "serve": ("serve", "Run the service"),
        "backup": ("serve", "Write a backup while the service runs"),
        "restore": ("serve", "Restore a backup"),
        "verify-backup": ("serve", "Check that a backup can be restored"),
        "rekey": ("serve", "Encrypt all secrets under a new master key"),
        "recover": ("serve", "Set a new password for a user who is locked out"),
        "add-account": ("serve", "Add an account with its first user"),
    },
    "Monitoring": {
        "enable-monitoring": ("monitoring", "Install the agent on a machine"),
        "disable-monitoring": ("monitoring", "Remove the agent from a machine"),
        "list-metrics": ("monitoring", "List a machine's metrics"),
        "add-metric": ("monitoring", "Show a metric of a machine"),
        "remove-metric": ("monitoring", "Show a metric of a machine no more"),
        "add-custom-metric": ("monitoring", "Measure with a Python file of your own"),
        "remove-custom-metric": ("monitoring", "Measure with it no more"),
        "get-stats": ("monitoring", "Show a machine's metrics over time"),
        "graph": ("graph", "Draw a machine's metrics"),
        "top": ("top", "Show all monitored machines, the busiest first"),
    },
    "Alerts": {
        "add-rule": ("rules", "Watch a metric, and say what is done when it goes too far"),
        "list-rules": ("rules", "List rules"),
        "update-rule": ("rules", "Change a rule, or switch it off and on"),
        "delete-rule": ("rules", "Delete a rule and its alerts"),
        "list-alerts": ("alerts", "List what is wrong now, or was"),
        "silence": ("alerts", "Have alerts tell nobody and do nothing for a time"),
        "list-silences": ("alerts", "List the silences that hold now"),
        "end-silence": ("alerts", "End a silence before its time"),
        "add-channel": ("alerts", "Add where alerts are told: email, webhook, chat"),
        "list-channels": ("alerts", "List channels, and which of them fail"),
        "test-channel": ("alerts", "Send a message on a channel"),
        "delete-channel": ("alerts", "Delete a channel"),
    },
    "Shell": {
        "completion-script": ("completion_script", "Print what makes your shell complete `mist`"),
    },
}

COMMANDS: dict[str, tuple[str, str]] = {name: row for commands in GROUPS.values() for name, row in commands.items()}


def load(name: str) -> Command:
    """The command's declaration, from its module."""
    module = importlib.import_module(f"mistcli.commands.{COMMANDS[name][0]}")
    command: Command = module.COMMANDS[name]
    return command
