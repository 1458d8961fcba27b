"""Oracle Cloud: signatures, flexible sizes, addresses of few and of many, tags of two at a time."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_public_key

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.oci import Oci, flexible
from mistserver.providers.oci.machines import as_pair, as_tag, reading
from mistserver.providers.oci.regions import endpoint
from mistserver.providers.oci.signing import Signer, signing_text
from tests.lab.clouds import oci as lab
from tests.lab.stand_in import Reply

GOOD: dict[str, Any] = {
    "tenancy": lab.TENANCY,
    "user": lab.USER,
    "fingerprint": lab.FINGERPRINT.upper(),
    "private_key": lab.PEM,
    "compartment_id": lab.COMPARTMENT,
}
SPEC = MachineSpec(
    name="web",
    mark="job-0",
    image="img-1",
    size="VM.Standard.E5.Flex:2:16",
    location="uocm:eu-frankfurt-1-ad-2",
    networks=(lab.OPEN,),
    public_key="ssh-ed25519 AAAA me@home\n",
    user_data="#cloud-config\n",
    tags=("blue", "env=prod"),
    extra={"public_ip": True, "boot_volume_gb": 60, "nsg_ids": ["nsg-1"], "fault_domain": "FAULT-DOMAIN-2"},
)

# The example of https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm: its public key, and what
# a signer has to make of a request without and of one with a body.
EXAMPLES_KEY = b"""-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----"""
HEADERS = {"date": "Thu, 05 Jan 2014 21:31:40 GMT", "host": "iaas.us-phoenix-1.oraclecloud.com"}
GET = (
    "get /20160918/instances?availabilityDomain=Pjwf%3A%20PHX-AD-1&compartmentId=ocid1.compartment.oc1..a"
    "aaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa&displayName=TeamXInstances&volumeId=ocid"
    "1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q"
)
GET_SIGNATURE = (
    "GBas7grhyrhSKHP6AVIj/h5/Vp8bd/peM79H9Wv8kjoaCivujVXlpbKLjMPeDUhxkFIWtTtLBj3sUzaFj34XE6YZAHc9r2DmE4pMwOAy/kiITcZxa1oHPO"
    "eRheC0jP2dqbTll8fmTZVwKZOKHYPtrLJIJQHJjNvxFWeHQjMaR7M="
)
POST_HEADERS = {
    **HEADERS,
    "content-length": "316",
    "content-type": "application/json",
    "x-content-sha256": "V9Z20UJTvkvpJ50flBzKE32+6m2zJjweHpDMX/U4Uy0=",
}
POST_SIGNATURE = (
    "Mje8vIDPlwIHmD/cTDwRxE7HaAvBg16JnVcsuqaNRim23fFPgQfLoOOxae6WqKb1uPjYEl0qIdazWaBy/Ml8DRhqlocMwoSXv0fbukP8J5N80LCmzT/FFB"
    "vIvTB91XuXI3hYfP9Zt1l7S6ieVadHUfqBedWH0itrtPJBgKmrWso="
)


@pytest.fixture
def cloud() -> Iterator[lab.OciCloud]:
    with lab.OciCloud() as running:
        yield running


@pytest.fixture
def provider(cloud: lab.OciCloud) -> Iterator[Oci]:
    opened = Oci(Account(settings=Oci.read_settings(GOOD), region=lab.REGION, endpoint=cloud.url))
    opened.open()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("names", "target", "headers", "signature"),
    [
        (("date", "(request-target)", "host"), GET, HEADERS, GET_SIGNATURE),
        (
            ("date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256"),
            "post /20160918/volumeAttachments",
            POST_HEADERS,
            POST_SIGNATURE,
        ),
    ],
)
def test_what_is_signed_is_what_the_vendor_signs(
    names: tuple[str, ...], target: str, headers: dict[str, str], signature: str
) -> None:
    key = load_pem_public_key(EXAMPLES_KEY)
    assert isinstance(key, RSAPublicKey)
    text = signing_text(names, target, headers)
    key.verify(base64.b64decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_the_header_of_a_signature() -> None:
    header = Signer("t/u/f", lab.KEY).authorization("text", ("date", "host"))
    signature = base64.b64encode(lab.KEY.sign(b"text", padding.PKCS1v15(), hashes.SHA256())).decode()
    assert header == (
        f'Signature version="1",headers="date host",keyId="t/u/f",algorithm="rsa-sha256",signature="{signature}"'
    )


def test_a_machine_is_given_all_that_was_asked_for(provider: Oci, cloud: lab.OciCloud) -> None:
    made = provider.create(SPEC)
    (sent,) = cloud.asked("POST", lab.ROOT + "/instances")
    assert sent.json == {
        "availabilityDomain": lab.DOMAINS[1],
        "compartmentId": lab.COMPARTMENT,
        "displayName": "web",
        "shape": "VM.Standard.E5.Flex",
        "shapeConfig": {"ocpus": 2.0, "memoryInGBs": 16.0},
        "sourceDetails": {"sourceType": "image", "imageId": "img-1", "bootVolumeSizeInGBs": 60},
        "createVnicDetails": {"subnetId": lab.OPEN, "assignPublicIp": True, "nsgIds": ["nsg-1"]},
        "metadata": {
            "ssh_authorized_keys": "ssh-ed25519 AAAA me@home",
            "user_data": base64.b64encode(b"#cloud-config\n").decode(),
        },
        "freeformTags": {"mist-mark": "job-0", "blue": "", "env": "prod"},
        "faultDomain": "FAULT-DOMAIN-2",
    }
    assert (made.mark, made.tags, made.size) == ("job-0", ("blue", "env=prod"), "VM.Standard.E5.Flex:2:16")
    there = provider.known(made.external_id)
    assert (there.public_ips, there.private_ips) == (("130.61.1.2", "2603:c020::1"), ("10.0.0.2",))


def test_a_repeated_create_makes_no_second_machine(provider: Oci, cloud: lab.OciCloud) -> None:
    assert provider.create(SPEC).external_id == provider.create(SPEC).external_id
    assert len(cloud.instances) == 1


def test_addresses_of_few_and_of_many_are_the_same(provider: Oci, cloud: lab.OciCloud) -> None:
    cloud.fill(8)
    few = {each.external_id: each for each in provider.list_machines()}
    assert cloud.asked("GET", lab.ROOT + "/vnics/.*")
    cloud.fill(1)
    cloud.seen.clear()
    many = {each.external_id: each for each in provider.list_machines()}
    assert not cloud.asked("GET", lab.ROOT + "/vnics/.*")
    assert all(many[id] == each for id, each in few.items())
    assert len({each.private_ips for each in many.values()}) == 9


def test_what_is_gone_is_not_shown(provider: Oci, cloud: lab.OciCloud) -> None:
    made = provider.create(SPEC)
    cloud.instances[made.external_id]["lifecycleState"] = "TERMINATING"
    assert provider.find_marked("job-0") is None
    assert [each.state for each in provider.list_machines()] == [MachineState.TERMINATED]
    cloud.instances[made.external_id]["lifecycleState"] = "TERMINATED"
    assert provider.list_machines() == []
    assert provider.read_machine(made.external_id) is None


def test_two_changes_of_tags_at_once_lose_none(
    provider: Oci, cloud: lab.OciCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = provider.create(SPEC)
    instance = cloud.instances[made.external_id]
    ask = provider._core.ask

    def meanwhile(method: str, path: str, **sent: Any) -> Any:
        answer = ask(method, path, **sent)
        if method == "GET":
            instance["freeformTags"] = {**instance["freeformTags"], "other": "1"}
            cloud._touch(instance)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(provider._core, "ask", meanwhile)
        with pytest.raises(errors.ProviderRateLimited):
            provider.add_tag(made.external_id, "green")
    provider.add_tag(made.external_id, "green")
    assert set(provider.known(made.external_id).tags) == {"blue", "env=prod", "other=1", "green"}


def test_a_tag_of_another_program_is_not_changed(provider: Oci) -> None:
    made = provider.create(SPEC)
    with pytest.raises(errors.Conflict, match="env=prod"):
        provider.add_tag(made.external_id, "env=test")
    provider.remove_tag(made.external_id, "env=test")
    assert provider.known(made.external_id).tags == ("blue", "env=prod")


@pytest.mark.parametrize(
    ("networks", "subnet"), [((lab.VCN,), lab.OPEN), ((lab.CLOSED,), lab.CLOSED), ((lab.OPEN,), lab.OPEN)]
)
def test_a_network_or_a_subnet_may_be_named(
    provider: Oci, cloud: lab.OciCloud, networks: tuple[str, ...], subnet: str
) -> None:
    provider.create(
        MachineSpec(name="w", mark="m", image="img-1", size="VM.Standard2.1", location="0", networks=networks)
    )
    (sent,) = cloud.asked("POST", lab.ROOT + "/instances")
    assert sent.json["createVnicDetails"] == {"subnetId": subnet}
    assert (sent.json["shape"], "shapeConfig" in sent.json) == ("VM.Standard2.1", False)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"networks": ()}, "b-open, a-closed"),
        ({"networks": ("ocid1.vcn.oc1.other",)}, "no subnet"),
        ({"location": None}, "--location"),
        ({"location": "MOON-1"}, "no location"),
    ],
)
def test_a_place_that_is_not_clear_is_asked_for(provider: Oci, changed: dict[str, Any], says: str) -> None:
    values: dict[str, Any] = {"location": "0", "networks": (lab.OPEN,)} | changed
    with pytest.raises(errors.InvalidInput, match=says):
        provider.create(MachineSpec(name="w", mark="m", image="img-1", size="VM.Standard2.1", **values))


def test_the_catalog(provider: Oci) -> None:
    assert [image.id for image in provider.list_images()] == ["img-6", "img-1", "img-3", "img-5"]
    assert len(provider.list_images("ubuntu")) == 4
    sizes = {size.id: size for size in provider.list_sizes()}
    assert [*sizes][:3] == ["VM.Standard.E5.Flex:1:12", "VM.Standard.E5.Flex:2:24", "VM.Standard.E5.Flex:4:48"]
    assert (sizes["VM.Standard.E5.Flex:4:48"].cores, sizes["VM.Standard.E5.Flex:4:48"].ram_mb) == (4, 48 * 1024)
    assert sizes["VM.Standard2.1"].ram_mb == 15 * 1024
    assert max(size.cores or 0 for size in sizes.values()) == 64


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (lab.refusal(409, "IncorrectState", "not now"), errors.ProviderRateLimited),
        (lab.refusal(400, "QuotaExceeded", "no more"), errors.ProviderQuota),
        (lab.refusal(500, "InternalError", "Out of capacity for shape X"), errors.ProviderQuota),
        (lab.refusal(500, "InternalError", "Internal error"), errors.ProviderUnreachable),
        (lab.refusal(401, "NotAuthenticated", "no"), errors.ProviderAuthFailed),
        (lab.refusal(404, "NotAuthorizedOrNotFound", "no"), errors.ProviderNotFound),
        (lab.refusal(400, "InvalidParameter", "no"), errors.ProviderRejected),
    ],
)
def test_refusals(provider: Oci, cloud: lab.OciCloud, reply: Reply, kind: type[errors.MistError]) -> None:
    made = provider.create(SPEC)
    with cloud.refusing("POST", lab.ROOT + "/instances/.*", reply), pytest.raises(errors.MistError) as caught:
        provider.reboot(made.external_id)
    assert type(caught.value) is kind


def test_a_compartment_that_is_not_shown_is_a_matter_of_credentials(cloud: lab.OciCloud) -> None:
    settings = Oci.read_settings({**GOOD, "compartment_id": "ocid1.compartment.oc1..other"})
    provider = Oci(Account(settings=settings, region=lab.REGION, endpoint=cloud.url))
    provider.open()
    with pytest.raises(errors.ProviderAuthFailed, match="compartment"):
        provider.check()
    provider.close()


@pytest.mark.parametrize("size", ["VM.Standard2.1", "VM.Standard.E5.Flex", "VM.Standard.E5.Flex:2", "BM.Flex:0.5:1.25"])
def test_a_size_comes_back_as_it_was(size: str) -> None:
    assert flexible.parse(size).id == size


@pytest.mark.parametrize("size", ["", "a b", "VM.Standard2.1:2", "VM.X.Flex:", "VM.X.Flex:2:", "VM.X.Flex:-1", "x/y"])
def test_what_is_no_size(size: str) -> None:
    with pytest.raises(errors.InvalidInput, match="no size"):
        flexible.parse(size)


def test_a_flexible_shape_is_always_given_cores() -> None:
    assert flexible.parse("VM.X.Flex").wanted() == {"shape": "VM.X.Flex", "shapeConfig": {"ocpus": 1.0}}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": "a" * 256}, "255 characters"),
        ({"size": None}, "--size"),
        ({"size": "a b"}, "no size"),
        ({"networks": ("a", "b")}, "one network"),
        ({"extra": {"subnet": "x"}}, "public_ip"),
        ({"tags": tuple(f"t{number}" for number in range(10))}, "9 tags"),
        ({"tags": ("mist-mark=x",)}, "key=value"),
        ({"user_data": "x" * 30_000}, "32000 bytes"),
    ],
)
def test_what_is_refused_before_any_call(changed: dict[str, Any], says: str) -> None:
    values: dict[str, Any] = {"name": "web", "mark": "m", "image": "i", "size": "VM.Standard2.1"} | changed
    with pytest.raises(errors.InvalidInput, match=says):
        Oci.check_spec(MachineSpec(**values))


@pytest.mark.parametrize("tag", ["a", "a=b", "a=b=c", "ä=ö"])
def test_a_tag_comes_back_as_it_was(tag: str) -> None:
    assert as_tag(*as_pair(tag)) == tag


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tenancy", "mine"),
        ("tenancy", lab.USER),
        ("user", 'ocid1.user.oc1..a",keyId="x'),
        ("compartment_id", lab.USER),
        ("fingerprint", "20:3b"),
        ("private_key", "-----BEGIN PRIVATE KEY-----\nnot the secret"),
        pytest.param("private_key", lab.other_key("a passphrase that is not given"), id="encrypted"),
        pytest.param(
            "private_key",
            ec.generate_private_key(ec.SECP256R1())
            .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            .decode(),
            id="not-rsa",
        ),
    ],
)
def test_settings_that_cannot_be(field: str, value: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        Oci.read_settings({**GOOD, field: value})
    assert caught.value.facts["field"] == field
    assert "secret" not in caught.value.message


def test_an_encrypted_key_is_read_with_its_passphrase() -> None:
    key = lab.other_key("open sesame")
    assert Oci.read_settings({**GOOD, "private_key": key, "passphrase": "open sesame"}).private_key == key.strip()


def test_each_realm_has_its_domain() -> None:
    assert endpoint("iaas", "eu-frankfurt-1", "oc1") == "https://iaas.eu-frankfurt-1.oraclecloud.com"
    assert endpoint("identity", "us-gov-ashburn-1", "oc3") == "https://identity.us-gov-ashburn-1.oraclegovcloud.com"
    assert endpoint("iaas", "ap-chiyoda-1", "oc8") == "https://iaas.ap-chiyoda-1.oraclecloud8.com"
    for region in ("", "frankfurt", "eu-1.evil.com/", "eu-1@evil", "eu-frankfurt-1#"):
        with pytest.raises(errors.InvalidInput, match="no region"):
            endpoint("iaas", region, "oc1")


def test_odd_data_is_borne() -> None:
    machine = reading({"id": "i", "lifecycleState": "ODD", "shape": "X.Flex", "shapeConfig": None})
    assert (machine.name, machine.state, machine.size, machine.tags) == ("i", MachineState.UNKNOWN, "X.Flex", ())
