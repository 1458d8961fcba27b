"""The EC2 provider: machines, images, sizes, locations and networks of one region."""

from __future__ import annotations

from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.ec2 import catalog, create
from mistserver.providers.ec2.api import Api
from mistserver.providers.ec2.machines import GONE, MARK, THERE, as_pair, reading
from mistserver.providers.ec2.regions import ALIASES, REGIONS, default_name, vendors_id
from mistserver.providers.http_errors import understood

_THERE = {"Name": "instance-state-name", "Values": list(THERE)}


class Settings(ProviderSettings, frozen=True, kw_only=True):
    api_key: Annotated[str, setting("Access key ID", flag="ec2-api-key")]
    api_secret: Annotated[str, setting("Secret access key", flag="ec2-api-secret", secret=True)]


class Ec2(Provider):
    id = "ec2"
    title = "EC2"
    Settings = Settings
    regions = REGIONS
    region_aliases = ALIASES
    region_required = True
    region_flag = "ec2-region"
    label_is_region = True
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="AWS console, IAM, Users, the user's Security credentials: create an access key.",
        permissions="`ec2:Describe*`, `ec2:RunInstances`, `ec2:StartInstances`, `ec2:StopInstances`, "
        "`ec2:RebootInstances`, `ec2:TerminateInstances`, `ec2:ModifyInstanceAttribute`, `ec2:CreateTags`, "
        "`ec2:DeleteTags`, `ec2:ImportKeyPair`, `ec2:CreateSecurityGroup`, `ec2:AuthorizeSecurityGroupIngress`.",
        limits=(
            "Machines are resized while they are stopped.",
            "A tag is a key with a value (`env=prod`); a key that has another value is not overwritten.",
            "Prices are those of libcloud's table where it is installed: of Linux on demand, without discounts.",
        ),
        through="boto3",
        source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/",
    )

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return default_name(region or "")

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        self._api = Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.call("describe_instances", MaxResults=5)

    def list_machines(self) -> list[MachineReading]:
        """Without those that EC2 still shows for an hour after their end: their names may have new bearers."""
        return self._readings(Filters=[_THERE], PaginationConfig=catalog.PAGES_OF)

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            return next(iter(self._readings(InstanceIds=[external_id])), None)
        except ProviderNotFound:
            return None

    def find_marked(self, mark: str) -> MachineReading | None:
        return next(iter(self._readings(Filters=[_THERE, {"Name": f"tag:{MARK}", "Values": [mark]}])), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        return catalog.images(self._api, vendors_id(self.account.region or ""), search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._api, vendors_id(self.account.region or ""))

    def list_locations(self) -> list[Location]:
        return catalog.locations(self._api)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._api)

    def create(self, spec: MachineSpec) -> MachineReading:
        return create.create(self._api, spec)

    def start(self, external_id: str) -> None:
        self._api.call("start_instances", InstanceIds=[external_id])

    def stop(self, external_id: str) -> None:
        self._api.call("stop_instances", InstanceIds=[external_id])

    def reboot(self, external_id: str) -> None:
        self._api.call("reboot_instances", InstanceIds=[external_id])

    def destroy(self, external_id: str) -> None:
        try:
            self._api.call("terminate_instances", InstanceIds=[external_id])
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        machine = self._known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            raise Conflict(
                f"EC2 resizes stopped machines only, and this one is {machine.state}; stop it first.",
                machine=external_id,
            )
        self._api.call("modify_instance_attribute", InstanceId=external_id, InstanceType={"Value": size})

    def add_tag(self, external_id: str, tag: str) -> None:
        """Refuses to change the value of a key that the machine has: it may be another program's."""
        pair = as_pair(tag)
        for there in self._known(external_id).tags:
            if as_pair(there)["Key"] == pair["Key"] and there != tag:
                raise Conflict(f"The machine has the tag {there!r} already; remove that one first.", tag=there)
        self._api.call("create_tags", Resources=[external_id], Tags=[pair])

    def remove_tag(self, external_id: str, tag: str) -> None:
        self._api.call("delete_tags", Resources=[external_id], Tags=[as_pair(tag)])

    def _known(self, external_id: str) -> MachineReading:
        machine = self.read_machine(external_id)
        if machine is None or machine.state is MachineState.TERMINATED:
            raise ProviderNotFound(f"EC2 has no machine {external_id!r} here.", machine=external_id)
        return machine

    def _readings(self, **arguments: Any) -> list[MachineReading]:
        reservations = self._api.pages("describe_instances", "Reservations", **arguments)
        instances = [each for reservation in reservations for each in reservation.get("Instances", [])]
        with understood(self._api.where):
            return [reading(each) for each in instances if each.get("State", {}).get("Name") not in GONE]
