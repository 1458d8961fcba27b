"""The Alibaba Cloud provider: the machines of one region."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.aliyun import catalog, create
from mistserver.providers.aliyun.api import Api, Keys
from mistserver.providers.aliyun.machines import MARK, as_pair, reading
from mistserver.providers.aliyun.regions import REGIONS
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http
from mistserver.providers.http_errors import understood

_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]+){1,4}")
_PAGE = 100


class Settings(ProviderSettings, frozen=True, kw_only=True):
    access_key_id: Annotated[str, setting("AccessKey ID", flag="aliyun-access-key-id")]
    access_key_secret: Annotated[str, setting("AccessKey secret", flag="aliyun-access-key-secret", secret=True)]


class Aliyun(Provider):
    id = "aliyun"
    title = create.TITLE
    Settings = Settings
    regions = REGIONS
    region_required = True
    free_region = True
    region_flag = "aliyun-region"
    label_is_region = True
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Console, RAM, Users: create a user with an AccessKey; the secret is shown once.",
        permissions="AliyunECSFullAccess and AliyunVPCReadOnlyAccess.",
        limits=(
            "A backend is one region.",
            "A machine goes into a vSwitch: name one or a VPC, else the default VPC's is taken. Its security group is "
            "the one named by the extra option security_group, else one called mist that lets SSH in.",
            "A machine has a public IPv4 address, billed by traffic; internet_bandwidth 0 makes one without.",
            "Resizing asks for a stopped machine that is paid by the hour.",
            "Alibaba Cloud's API tells no price with a size.",
        ),
        through="Alibaba Cloud's RPC APIs themselves (ECS 2014-05-26, VPC 2016-04-28)",
        source="https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-overview",
    )

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return f"Alibaba Cloud {next((each.title for each in REGIONS if each.id == region), region)}"

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        given, self._region = self.account.settings, self.account.region or ""
        if not _REGION.fullmatch(self._region):
            raise InvalidInput(f"{self.title} has no region {self._region[:80]!a}.", field="region")
        keys = Keys(given.access_key_id, given.access_key_secret)
        self._ecs = Api(self._http("ecs"), self.title, keys, "2014-05-26")
        self._vpc = Api(self._http("vpc"), self.title, keys, "2016-04-28")

    def close(self) -> None:
        for name in ("_ecs", "_vpc"):
            if hasattr(self, name):
                getattr(self, name).close()

    def check(self) -> None:
        self._require_permission()

    def list_machines(self) -> list[MachineReading]:
        return self._readings()

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            return next(iter(self._readings(InstanceIds=json.dumps([external_id]))), None)
        except ProviderNotFound:
            return None
        except ProviderRejected as error:
            if "Malformed" not in str(error.facts.get("vendor_code")):
                raise
            return None

    def find_marked(self, mark: str) -> MachineReading | None:
        return next(iter(self._readings(**{"Tag.1.Key": MARK, "Tag.1.Value": mark})), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the account's own images and the newest long-term versions of the distributions."""
        return catalog.images_of(self._ecs, self._region, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._ecs, self._region)

    def list_locations(self) -> list[Location]:
        return catalog.locations(self._ecs, self._region)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._vpc, self._region)

    def create(self, spec: MachineSpec) -> MachineReading:
        with understood(self._ecs.where):
            return create.create(self._ecs, self._vpc, self._region, spec)

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._act("StartInstance", external_id)

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._act("StopInstance", external_id)

    def reboot(self, external_id: str) -> None:
        self._act("RebootInstance", external_id)

    def destroy(self, external_id: str) -> None:
        with suppress(ProviderNotFound):
            self._act("DeleteInstance", external_id, Force="true")

    def resize(self, external_id: str, size: str) -> None:
        machine = self.known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            raise Conflict(
                f"{self.title} resizes stopped machines only, and this one is {machine.state}; stop it first.",
                machine=external_id,
            )
        self._act("ModifyInstanceSpec", external_id, InstanceType=size)

    def add_tag(self, external_id: str, tag: str) -> None:
        """Refuses to change the value of a key that the machine has: it may be another program's."""
        key, value = as_pair(tag)
        for there in self.known(external_id).tags:
            if as_pair(there)[0] == key and there != tag:
                raise Conflict(f"The machine has the tag {there!r} already; remove that one first.", tag=there)
        self._tagging("TagResources", external_id, **{"Tag.1.Key": key, "Tag.1.Value": value})

    def remove_tag(self, external_id: str, tag: str) -> None:
        if tag in self.known(external_id).tags:
            self._tagging("UntagResources", external_id, **{"TagKey.1": as_pair(tag)[0]})

    def _http(self, service: str) -> Http:
        return Http(self.account, f"https://{service}.{self._region}.aliyuncs.com")

    def _act(self, action: str, external_id: str, **given: Any) -> None:
        self._ecs.act(action, RegionId=self._region, InstanceId=external_id, **given)

    def _tagging(self, action: str, external_id: str, **given: Any) -> None:
        what = {"RegionId": self._region, "ResourceType": "instance", "ResourceId.1": external_id}
        self._ecs.act(action, **what, **given)

    def _readings(self, **query: Any) -> list[MachineReading]:
        asked = {"RegionId": self._region, "MaxResults": _PAGE, **query}
        found = self._ecs.by_token("DescribeInstances", "Instances", "Instance", **asked)
        if not found:
            self._require_permission()
        with understood(self._ecs.where):
            return [reading(each) for each in found]

    def _require_permission(self) -> None:
        """ECS shows no machine to those who may see none. A dry run tells; it is answered with an error in any case."""
        try:
            self._ecs.act("DescribeInstances", RegionId=self._region, DryRun="true")
        except ProviderRejected as error:
            if error.facts.get("vendor_code") != "DryRunOperation":
                raise
