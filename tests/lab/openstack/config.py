"""The configuration of each of OpenStack's services: SQLite, no agents, Nova's own fake hypervisor, short pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SERVICES = ("keystone", "glance", "placement", "neutron", "nova")
REGION = "RegionOne"
FOLDER = "/at-the-start"  # stands in a fresh database for the folder of the session


def database(folder: Path | str, name: str) -> str:
    return f"sqlite:///{folder}/{name}.db?timeout=60"


def write(folder: Path, venv: Path, ports: Mapping[str, int], password: str) -> None:
    """All files, and the folders that they name."""
    user = f"""auth_url = http://127.0.0.1:{ports["keystone"]}/v3
auth_type = password
username = admin
password = {password}
project_name = admin
user_domain_name = Default
project_domain_name = Default
region_name = {REGION}
valid_interfaces = public"""
    gate = f"""[keystone_authtoken]
www_authenticate_uri = http://127.0.0.1:{ports["keystone"]}
interface = public
{user}"""
    texts = {"keystone.conf": _KEYSTONE, "glance-api.conf": _GLANCE, "placement.conf": _PLACEMENT}
    texts |= {"neutron.conf": _NEUTRON, "nova.conf": _NOVA}
    for name, text in texts.items():
        connections = {each: database(folder, each) for each in _DATABASES}
        (folder / name).write_text(
            text.format(folder=folder, etc=venv / "etc", gate=gate, user=user, region=REGION, **connections)
        )
    for name in ("images", "locks", "neutron", "nova"):
        (folder / name).mkdir(exist_ok=True)


_DATABASES = ("keystone", "glance", "placement", "neutron", "nova", "nova_api")

_KEYSTONE = """[DEFAULT]
log_file = {folder}/keystone.log
[database]
connection = {keystone}
[fernet_tokens]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credentials
[identity]
password_hash_rounds = 4
"""

_GLANCE = """[DEFAULT]
log_file = {folder}/glance.log
enabled_backends = files:file
api_limit_max = 2
[database]
connection = {glance}
[glance_store]
default_backend = files
[files]
filesystem_store_datadir = {folder}/images
[paste_deploy]
flavor = keystone
config_file = {etc}/glance/glance-api-paste.ini
{gate}
"""

_PLACEMENT = """[DEFAULT]
log_file = {folder}/placement.log
[placement_database]
connection = {placement}
[api]
auth_strategy = keystone
{gate}
"""

_NEUTRON = """[DEFAULT]
log_file = {folder}/neutron.log
core_plugin = ml2
service_plugins =
transport_url = fake://
api_paste_config = {etc}/neutron/api-paste.ini
state_path = {folder}/neutron
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
dhcp_agent_notification = false
rpc_workers = 0
pagination_max_limit = 1
api_workers = 1
[oslo_concurrency]
lock_path = {folder}/locks
[database]
connection = {neutron}
[ml2]
type_drivers = local,flat
tenant_network_types = local
mechanism_drivers = logger
extension_drivers =
[ml2_type_flat]
flat_networks = *
[securitygroup]
enable_security_group = true
firewall_driver = noop
{gate}
"""

_NOVA = """[DEFAULT]
log_file = {folder}/nova.log
host = lab
my_ip = 127.0.0.1
transport_url = fake://
compute_driver = fake.FakeDriver
state_path = {folder}/nova
vif_plugging_timeout = 0
vif_plugging_is_fatal = false
shutdown_timeout = 0
allow_resize_to_same_host = true
concurrency_backend = threading
[api_database]
connection = {nova_api}
[database]
connection = {nova}
[oslo_concurrency]
lock_path = {folder}/locks
[wsgi]
api_paste_config = {etc}/nova/api-paste.ini
[api]
auth_strategy = keystone
max_limit = 3
[service_user]
send_service_user_token = true
{user}
[placement]
{user}
[neutron]
{user}
[glance]
region_name = {region}
valid_interfaces = public
[cinder]
{user}
{gate}
"""
