"""The Oracle Cloud provider: the machines of one compartment in one region."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderAuthFailed, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, locations
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.oci import catalog, flexible, signing, vnics
from mistserver.providers.oci.api import TITLE, Api
from mistserver.providers.oci.machines import MARK, STATES, Held, as_pair, reading
from mistserver.providers.oci.regions import REGIONS, endpoint
from mistserver.providers.oci.vnics import ROOT
from mistserver.providers.rest import Json, decoded

_OCID = {kind: re.compile(rf"ocid(?:1\.|v1:){kind}[.:](oc\d+)[.:][\w.:-]+") for kind in ("tenancy", "user")}
_COMPARTMENT = re.compile(r"ocid(?:1\.|v1:)(compartment|tenancy)[.:][\w.:-]+")
_FINGERPRINT = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){15}")
_LONGEST_NAME = 255
_MOST_TAGS = 9
_METADATA = 32_000
_EXTRA = MappingProxyType(
    {"public_ip": bool, "ipv6": bool, "boot_volume_gb": int, "fault_domain": str, "nsg_ids": list}
)


class Settings(ProviderSettings, frozen=True, kw_only=True):
    tenancy: Annotated[str, setting("OCID of the tenancy", flag="oci-tenancy")]
    user: Annotated[str, setting("OCID of the user", flag="oci-user")]
    fingerprint: Annotated[str, setting("Fingerprint of the API key", flag="oci-fingerprint")]
    private_key: Annotated[
        str, setting("Private key of the API key (PEM)", flag="oci-private-key", secret=True, kind="file")
    ]
    passphrase: Annotated[
        str | None, setting("Passphrase of the private key, if it has one", flag="oci-passphrase", secret=True)
    ] = None
    compartment_id: Annotated[
        str | None, setting("OCID of the compartment, if it is not the root", flag="oci-compartment-id")
    ] = None


class Oci(Provider):
    id = "oci"
    title = TITLE
    Settings = Settings
    regions = REGIONS
    region_required = True
    free_region = True
    region_flag = "oci-region"
    label_is_region = True
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Console, your profile, API keys, Add API key: download the private key; the preview of the "
        "configuration file shows tenancy, user, fingerprint and region.",
        permissions="A policy for the user's group: manage instance-family and use virtual-network-family in the "
        "compartment; read app-catalog-listing and inspect compartments in the tenancy.",
        limits=(
            "A backend is one compartment in one region.",
            "The size of a flexible shape names OCPUs and GB of memory (VM.Standard.E5.Flex:2:24); cores are OCPUs, of "
            "which one is two threads of an x86 processor. A resize restarts the machine.",
            f"{_MOST_TAGS} tags a machine, since Oracle Cloud takes ten and Mist needs one.",
            "A machine is told to shut down, and is cut off after 15 minutes.",
            "A destroyed machine takes its boot volume along.",
            "Oracle Cloud's API tells no price with a size.",
        ),
        through="Oracle Cloud's REST APIs themselves (Core and Identity 20160918)",
        source="https://docs.oracle.com/en-us/iaas/api/#/en/iaas/20160918/",
    )

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return f"{TITLE} {next((each.title for each in REGIONS if each.id == region), region)}"

    @classmethod
    def validate(cls, settings: Any) -> Any:
        for name, pattern in (("tenancy", _OCID["tenancy"]), ("user", _OCID["user"]), ("compartment_id", _COMPARTMENT)):
            given = getattr(settings, name)
            if given is not None and not pattern.fullmatch(given):
                raise InvalidInput(f"{name} is no OCID of that kind: {given[:80]!a}.", field=name)
        if not _FINGERPRINT.fullmatch(settings.fingerprint.lower()):
            raise InvalidInput("The fingerprint is 16 pairs of hexadecimal digits with colons.", field="fingerprint")
        signing.private_key(settings.private_key, settings.passphrase)
        return settings

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        if len(spec.name) > _LONGEST_NAME:
            raise InvalidInput(f"{TITLE} takes names of at most {_LONGEST_NAME} characters.", field="name")
        checks.needs(TITLE, spec, "size")
        flexible.parse(spec.size or "")
        checks.networks(TITLE, spec, 1, "a subnet or a virtual cloud network")
        checks.options(TITLE, spec, _EXTRA)
        if len(spec.tags) > _MOST_TAGS:
            raise InvalidInput(f"{TITLE} takes {_MOST_TAGS} tags beside the one that Mist needs.", field="tags")
        for tag in spec.tags:
            as_pair(tag)
        if len(str(_metadata(spec))) > _METADATA:
            raise InvalidInput(f"{TITLE} takes user data and key of at most {_METADATA} bytes.", field="user_data")

    def open(self) -> None:
        given = self.account.settings
        found = _OCID["tenancy"].fullmatch(given.tenancy)
        realm = found[1] if found else "oc1"
        key = signing.private_key(given.private_key, given.passphrase)
        signer = signing.Signer(f"{given.tenancy}/{given.user}/{given.fingerprint.lower()}", key)
        region = self.account.region or ""
        self._core = Api(Http(self.account, endpoint("iaas", region, realm)), signer)
        self._identity = Api(Http(self.account, endpoint("identity", region, realm)), signer)
        self._compartment = given.compartment_id or given.tenancy

    def close(self) -> None:
        for name in ("_core", "_identity"):
            if hasattr(self, name):
                getattr(self, name).close()

    def check(self) -> None:
        """Oracle Cloud does not say whether a compartment is missing or forbidden."""
        try:
            self._core.call("GET", f"{ROOT}/instances", params={"compartmentId": self._compartment, "limit": 1})
        except ProviderNotFound as error:
            raise ProviderAuthFailed(
                f"{TITLE} has no such compartment, or does not show it to this user.", **error.facts
            ) from None

    def list_machines(self) -> list[MachineReading]:
        """Without those that are shown for some hours after their end: their names may have new bearers."""
        instances = self._instances()
        with understood(self._core.where):
            held = vnics.held(self._core, self._compartment, instances)
            return [reading(each, held.get(each["id"], Held())) for each in instances]

    def read_machine(self, external_id: str) -> MachineReading | None:
        instance = self._instance(external_id)
        if instance is None:
            return None
        with understood(self._core.where):
            compartment = instance.get("compartmentId") or self._compartment
            held = vnics.held(self._core, compartment, [instance], one=True)
            return reading(instance, held.get(instance["id"], Held()))

    def find_marked(self, mark: str) -> MachineReading | None:
        found = [each for each in self._instances() if (each.get("freeformTags") or {}).get(MARK) == mark]
        there = [each for each in found if STATES.get(each["lifecycleState"]) is not MachineState.TERMINATED]
        with understood(self._core.where):
            return reading(there[0]) if there else None

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the compartment's own images and the newest long-term versions of the distributions."""
        return catalog.images_of(self._core, self._compartment, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._core, self._compartment)

    def list_locations(self) -> list[Location]:
        return catalog.locations(self._identity, self._compartment)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._core, self._compartment)

    def create(self, spec: MachineSpec) -> MachineReading:
        """The mark is a tag, and the retry token: a repetition makes no second machine."""
        domain = self._domain(spec.location)
        source: Json = {"sourceType": "image", "imageId": spec.image}
        if "boot_volume_gb" in spec.extra:
            source["bootVolumeSizeInGBs"] = spec.extra["boot_volume_gb"]
        network = spec.networks[0] if spec.networks else None
        vnic: Json = {"subnetId": catalog.subnet_for(self._core, self._compartment, network, domain)}
        options = {"assignPublicIp": "public_ip", "assignIpv6Ip": "ipv6", "nsgIds": "nsg_ids"}
        vnic |= {theirs: spec.extra[ours] for theirs, ours in options.items() if ours in spec.extra}
        wanted = {
            "availabilityDomain": domain,
            "compartmentId": self._compartment,
            "displayName": spec.name,
            **flexible.parse(spec.size or "").wanted(),
            "sourceDetails": source,
            "createVnicDetails": vnic,
            "metadata": _metadata(spec),
            "freeformTags": {MARK: spec.mark, **dict(map(as_pair, spec.tags))},
        }
        if "fault_domain" in spec.extra:
            wanted["faultDomain"] = spec.extra["fault_domain"]
        token = {"opc-retry-token": hashlib.sha256(spec.mark.encode()).hexdigest()}
        answer = self._core.call("POST", f"{ROOT}/instances", body=wanted, headers=token)
        with understood(self._core.where):
            return reading(answer)

    def start(self, external_id: str) -> None:
        if self._known(external_id)["lifecycleState"] not in ("RUNNING", "STARTING"):
            self._act(external_id, "START")

    def stop(self, external_id: str) -> None:
        if self._known(external_id)["lifecycleState"] not in ("STOPPED", "STOPPING"):
            self._act(external_id, "SOFTSTOP")

    def reboot(self, external_id: str) -> None:
        self._act(external_id, "SOFTRESET")

    def destroy(self, external_id: str) -> None:
        if self._instance(external_id) is None:
            return
        self._core.delete(at(ROOT + "/instances/{}", external_id), preserveBootVolume="false")

    def resize(self, external_id: str, size: str) -> None:
        wanted = flexible.parse(size)
        if flexible.of_instance(self._known(external_id)) != wanted:
            self._core.call("PUT", at(ROOT + "/instances/{}", external_id), body=wanted.wanted())

    def add_tag(self, external_id: str, tag: str) -> None:
        """Refuses to change the value of a key that the machine has: it may be another program's."""
        key, value = as_pair(tag)

        def added(tags: dict[str, str]) -> dict[str, str]:
            if tags.get(key, value) != value:
                raise Conflict(f"The machine has the tag {key}={tags[key]} already; remove that one first.", tag=tag)
            return {**tags, key: value}

        self._retag(external_id, added)

    def remove_tag(self, external_id: str, tag: str) -> None:
        key, value = as_pair(tag)
        self._retag(external_id, lambda tags: {k: v for k, v in tags.items() if (k, v) != (key, value)})

    def _domain(self, location: str | None) -> str:
        offered = self.list_locations()
        if location:
            return locations.meant(TITLE, location, offered).id
        if len(offered) != 1:
            known = ", ".join(each.id for each in offered)
            raise InvalidInput(f"{TITLE} needs a location (--location): {known}.", field="location")
        return offered[0].id

    def _instances(self) -> list[Json]:
        found = self._core.all_of(f"{ROOT}/instances", compartmentId=self._compartment)
        with understood(self._core.where):
            return [each for each in found if each["lifecycleState"] != "TERMINATED"]

    def _instance(self, external_id: str) -> Json | None:
        """None also for one that is gone but still shown."""
        found = self._core.found(at(ROOT + "/instances/{}", external_id))
        with understood(self._core.where):
            gone = found is None or STATES.get(found["lifecycleState"]) is MachineState.TERMINATED
            return None if gone else found

    def _known(self, external_id: str) -> Json:
        instance = self._instance(external_id)
        if instance is None:
            raise ProviderNotFound(f"{TITLE} has no machine {external_id[:200]!r} here.", machine=external_id[:200])
        return instance

    def _act(self, external_id: str, action: str) -> None:
        self._core.call("POST", at(ROOT + "/instances/{}", external_id), params={"action": action}, body=b"")

    def _retag(self, external_id: str, changed: Callable[[dict[str, str]], dict[str, str]]) -> None:
        """All tags are given at once; an entity tag keeps two changes at the same moment apart."""
        path = at(ROOT + "/instances/{}", external_id)
        answer = self._core.ask("GET", path)
        instance = decoded(answer.content, self._core.where)
        with understood(self._core.where):
            tags = {str(key): str(value) for key, value in (instance.get("freeformTags") or {}).items()}
            wanted = changed(tags)
        if wanted != tags:
            unchanged = {"if-match": answer.headers["etag"]} if "etag" in answer.headers else {}
            self._core.call("PUT", path, body={"freeformTags": wanted}, headers=unchanged)


def _metadata(spec: MachineSpec) -> dict[str, str]:
    found = {"ssh_authorized_keys": spec.public_key.strip()} if spec.public_key else {}
    if spec.user_data is not None:
        found["user_data"] = base64.b64encode(spec.user_data.encode()).decode()
    return found
