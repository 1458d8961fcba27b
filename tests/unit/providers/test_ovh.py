"""OVHcloud: signatures, names that carry marks, and what differs from region to region."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.ovh import Ovh
from mistserver.providers.ovh.api import Keys, signature
from mistserver.providers.ovh.machines import STATES, marked, reading
from tests.lab.clouds.ovh import APPLICATION, AT, CONSUMER, PROJECT, SECRET, OvhCloud, id_of, refusal

SPEC = MachineSpec(
    name="web",
    mark="job-0",
    image="Debian 12",
    size="b3-8",
    location="gra11",
    public_key="ssh-ed25519 AAAA me@home",
    key_name="work",
    user_data="#cloud-config\n",
    networks=("pn-1_0",),
    extra={"monthly_billing": True},
)
# https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api shows this one
GUIDES = Keys("7kbG7Bk7S9Nt7ZSV", "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF", "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1")
# https://github.com/ovh/python-ovh has these in its tests
OTHERS = Keys(APPLICATION, SECRET, CONSUMER)


@pytest.fixture
def cloud() -> Iterator[OvhCloud]:
    with OvhCloud() as running:
        yield running


@pytest.fixture
def provider(cloud: OvhCloud) -> Iterator[Ovh]:
    given = {"application_key": APPLICATION, "application_secret": SECRET, "consumer_key": CONSUMER}
    settings = Ovh.read_settings({**given, "project_id": PROJECT})
    opened = Ovh(Account(settings=settings, region="eu", endpoint=cloud.url))
    opened.open()
    yield opened
    opened.close()


def test_the_signature_of_the_vendors_guide() -> None:
    made = signature(GUIDES, "GET", "https://eu.api.ovh.com/1.0/domains/", b"", 1366560945)
    assert made == "$1$d3705e8afb27a0d2970a322b96550abfc67bb798"


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("GET", b"", "$1$e9556054b6309771395efa467c22e627407461ad"),
        ("POST", b'{"a":"b","c":"d"}', "$1$ec2fb5c7a81f64723c77d2e5b609ae6f58a84fc1"),
        ("PUT", b'{"a":"b","c":"d"}', "$1$8a75a9e7c8e7296c9dbeda6a2a735eb6bd58ec4b"),
        ("DELETE", b"", "$1$a1eecd00b3b02b6cf5708b84b9ff42059a950d85"),
    ],
)
def test_the_signatures_of_the_vendors_library(method: str, body: bytes, expected: str) -> None:
    assert signature(OTHERS, method, "https://eu.api.ovh.com/1.0/auth", body, 1457018875) == expected


def test_secrets_stay_out_of_what_is_shown() -> None:
    assert SECRET not in repr(OTHERS)
    assert CONSUMER not in repr(OTHERS)


def test_a_machine_is_given_all_that_was_asked_for(provider: Ovh, cloud: OvhCloud) -> None:
    made = provider.create(SPEC)
    (sent,) = cloud.asked("POST", f"{AT}/instance")
    assert sent.json == {
        "name": "web.mist-job-0",
        "region": "GRA11",
        "flavorId": id_of("GRA11", "b3-8"),
        "imageId": id_of("GRA11", "Debian 12"),
        "monthlyBilling": True,
        "sshKeyId": cloud.keys[0]["id"],
        "userData": "#cloud-config\n",
        "networks": [{"networkId": "pn-1_0"}],
    }
    assert (made.name, made.mark, made.location, made.size) == ("web", "job-0", "GRA11", "b3-8")
    assert (made.public_ips, made.private_ips) == (("51.75.1.2", "2001:41d0::1"), ("10.0.0.2",))


def test_a_key_is_brought_once(provider: Ovh, cloud: OvhCloud) -> None:
    for _ in range(2):
        provider.create(SPEC)
    assert [key["publicKey"] for key in cloud.keys] == ["ssh-ed25519 AAAA me@home"]


def test_an_image_and_a_size_go_by_their_names(provider: Ovh) -> None:
    names = [image.name for image in provider.list_images()]
    assert names == ["my snapshot", "Debian 12", "Debian 13", "Ubuntu 24.04"]
    assert [image.id for image in provider.list_images("docker")] == ["Debian 13 - Docker"]
    assert {size.id: size.price for size in provider.list_sizes()} == {"b3-8": 0.0508, "b3-16": 0.1016}
    assert provider.list_sizes()[0].extra["locations"] == ["BHS5", "GRA11"]


@pytest.mark.parametrize(("field", "wrong"), [("image", "Debian 99"), ("size", "z9"), ("location", "MOON1")])
def test_what_a_region_has_not_is_refused(provider: Ovh, cloud: OvhCloud, field: str, wrong: str) -> None:
    values = {"image": "Debian 12", "size": "b3-8", "location": "BHS5"} | {field: wrong}
    with pytest.raises(errors.InvalidInput, match=wrong):
        provider.create(MachineSpec(name="web", mark="m", **values))
    assert not cloud.instances


@pytest.mark.parametrize("name", ["web", "web.mist", "a.mist-x.mist", "name with spaces", "ü"])
def test_a_name_comes_back_without_its_mark(name: str) -> None:
    machine = reading({"id": "1", "name": marked(name, "job-0"), "status": "ACTIVE", "region": "GRA11"})
    assert (machine.name, machine.mark) == (name, "job-0")


def test_a_name_without_a_mark_stays_as_it_is() -> None:
    for name in ("web", "web.mist-", "mist-1", ""):
        machine = reading({"id": "1", "name": name, "status": "ODD", "region": "GRA11"})
        assert (machine.name, machine.mark, machine.state) == (name, None, MachineState.UNKNOWN)


def test_a_machine_on_its_way_out_is_not_found_by_its_mark(provider: Ovh, cloud: OvhCloud) -> None:
    made = provider.create(SPEC)
    cloud.instances[made.external_id]["status"] = "DELETING"
    assert provider.find_marked("job-0") is None
    assert STATES["DELETING"] is MachineState.TERMINATED


@pytest.mark.parametrize(
    ("refused", "kind"),
    [
        (refusal(403, "This call has not been granted", "NOT_GRANTED_CALL"), errors.ProviderAuthFailed),
        (refusal(400, "Query out of time", "QUERY_TIME_OUT"), errors.ProviderAuthFailed),
        (refusal(404, "This service does not exist"), errors.ProviderNotFound),
        (refusal(409, "Cannot do that while it is in task_state deleting"), errors.ProviderRejected),
    ],
)
def test_refusals(provider: Ovh, cloud: OvhCloud, refused: object, kind: type[errors.MistError]) -> None:
    with cloud.refusing("GET", f"{AT}/instance", refused), pytest.raises(kind):  # type: ignore[arg-type]
        provider.list_machines()


def test_names_and_options_are_checked() -> None:
    with pytest.raises(errors.InvalidInput, match="200 characters"):
        Ovh.check_spec(MachineSpec(name="a" * 201, mark="m", image="i", size="s", location="l"))
    with pytest.raises(errors.InvalidInput, match="monthly_billing"):
        Ovh.check_spec(MachineSpec(name="a", mark="m", image="i", size="s", location="l", extra={"tags": []}))
    with pytest.raises(errors.InvalidInput, match="--location"):
        Ovh.check_spec(MachineSpec(name="a", mark="m", image="i", size="s"))
