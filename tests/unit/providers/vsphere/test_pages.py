"""Pages of a large inventory, which the vendor's simulator does not make, and answers that are not the API's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineState
from mistserver.providers.base import Account
from mistserver.providers.vsphere import Vsphere
from tests.lab.stand_in import Answer, Reply, Request, StandIn

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)
CONTENT = """<returnval><rootFolder type="Folder">group-d1</rootFolder><propertyCollector type="PropertyCollector">pc
</propertyCollector><viewManager type="ViewManager">ViewManager</viewManager><about><name>x</name><fullName>x</fullName>
<vendor>x</vendor><version>8</version><build>1</build><osType>x</osType><productLineId>vpx</productLineId><apiType>
VirtualCenter</apiType><apiVersion>8.0</apiVersion></about><sessionManager type="SessionManager">SessionManager
</sessionManager><searchIndex type="SearchIndex">SearchIndex</searchIndex></returnval>""".replace("\n", "")
MACHINE = """<objects><obj type="VirtualMachine">vm-{0}</obj>
<propSet><name>name</name><val xsi:type="xsd:string">m{0}</val></propSet>
<propSet><name>runtime.powerState</name><val xsi:type="VirtualMachinePowerState">poweredOn</val></propSet>
</objects>""".replace("\n", "")
FAULT = (
    "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{0} said so</faultstring><detail>"
    '<{0}Fault xmlns="urn:vim25" xsi:type="{0}"/></detail></soapenv:Fault>'
)


class Inventory(StandIn):
    """A vCenter with many machines, told in pages of 50; whatever `answers` holds for a method comes first."""

    def __init__(self, count: int = 0) -> None:
        super().__init__()
        self.count = count
        self.answers: dict[str, str | Reply] = {}
        self.methods: list[str] = []

    def handle(self, request: Request) -> Answer:
        found = re.search(rb"<soapenv:Body><(\w+) ", request.body)
        method = found[1].decode() if found else ""
        self.methods.append(method)
        answer = self.answers.get(method)
        if isinstance(answer, Reply):
            return answer
        name = method.removesuffix("_Task") if method.endswith("_Task") else method
        inner = answer if answer is not None else self._usual(method, request.body)
        return Reply(200, ENVELOPE.format(f'<{name}Response xmlns="urn:vim25">{inner}</{name}Response>'))

    def _usual(self, method: str, body: bytes) -> str:
        if method == "RetrieveServiceContent":
            return CONTENT
        if method == "Login":
            told = "<key>k</key><userName>u</userName><fullName>u</fullName>"
            times = "".join(f"<{name}>2026-11-25T00:00:00Z</{name}>" for name in ("loginTime", "lastActiveTime"))
            return f"<returnval>{told}{times}<locale>en</locale><messageLocale>en</messageLocale></returnval>"
        if method == "CreateContainerView":
            kind = "hosts" if b">ComputeResource<" in body else "machines"
            return f'<returnval type="ContainerView">{kind}</returnval>'
        if method == "RetrievePropertiesEx" and b">machines<" in body:
            return self._page(0)
        if method == "ContinueRetrievePropertiesEx":
            token = re.search(rb"<token[^>]*>(\d+)</token>", body)
            assert token is not None
            return self._page(int(token[1]))
        return ""

    def _page(self, start: int) -> str:
        end = min(start + 50, self.count)
        token = f"<token>{end}</token>" if end < self.count else ""
        machines = "".join(MACHINE.format(number) for number in range(start, end))
        return f"<returnval>{token}{machines}</returnval>"


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with Inventory() as inventory:
        yield inventory


def account(inventory: StandIn) -> Account:
    settings = Vsphere.read_settings({"host": "vcenter.example", "username": "u", "password": "a secret"})
    return Account(settings=settings, endpoint=inventory.url)


@pytest.fixture
def provider(inventory: Inventory) -> Iterator[Vsphere]:
    provider = Vsphere(account(inventory))
    provider.open()
    yield provider
    provider.close()


def test_every_page_is_read(inventory: Inventory, provider: Vsphere) -> None:
    inventory.count = 10_000
    found = provider.list_machines()
    assert len({each.external_id for each in found}) == 10_000
    assert found[-1].state is MachineState.RUNNING
    assert inventory.methods.count("ContinueRetrievePropertiesEx") == 199
    assert "DestroyView" in inventory.methods


def test_nothing_at_all_is_an_empty_list(provider: Vsphere) -> None:
    assert provider.list_machines() == []


def test_a_session_is_given_back(inventory: Inventory) -> None:
    provider = Vsphere(account(inventory))
    provider.open()
    provider.close()
    provider.close()
    assert inventory.methods[-1] == "Logout"
    assert inventory.methods.count("Logout") == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("InvalidLogin", errors.ProviderAuthFailed),
        ("NoPermission", errors.ProviderAuthFailed),
        ("NotAuthenticated", errors.ProviderAuthFailed),
        ("ManagedObjectNotFound", errors.ProviderNotFound),
        ("InsufficientMemoryResourcesFault", errors.ProviderQuota),
        ("NoDiskSpace", errors.ProviderQuota),
        ("VmLimitLicense", errors.ProviderQuota),
        ("TaskInProgress", errors.Conflict),
        ("Timedout", errors.ProviderTimeout),
        ("SystemError", errors.ProviderUnreachable),
        ("NotSupported", errors.ProviderRejected),
    ],
)
def test_the_vendors_faults(inventory: Inventory, provider: Vsphere, fault: str, kind: type[errors.MistError]) -> None:
    inventory.answers["CreateContainerView"] = Reply(500, ENVELOPE.format(FAULT.format(fault)))
    with pytest.raises(kind) as caught:
        provider.list_machines()
    assert type(caught.value) is kind
    assert caught.value.facts["vendor_code"] == fault
    assert "a secret" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        ENVELOPE.format("<LoginResponse/>"),
        ENVELOPE.format('<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><x/></returnval>')[:-20],
        ENVELOPE.format('<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><nonsense/></returnval>'),
        '<!DOCTYPE x [<!ENTITY a "b">]>' + ENVELOPE.format("<RetrievePropertiesExResponse/>"),
        "{}",
    ],
)
def test_what_is_not_the_apis_is_a_bad_answer(inventory: Inventory, provider: Vsphere, body: str) -> None:
    inventory.answers["RetrievePropertiesEx"] = Reply(200, body)
    with pytest.raises(errors.ProviderBadAnswer):
        provider.list_machines()


def test_another_product_at_the_address_is_a_bad_answer(inventory: Inventory) -> None:
    inventory.answers["RetrieveServiceContent"] = ""
    with pytest.raises(errors.ProviderBadAnswer):
        Vsphere(replace(account(inventory), timeout_s=2.0)).open()
