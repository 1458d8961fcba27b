"""What every provider owes, whatever stands behind it."""

from __future__ import annotations

import secrets

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.base import Provider
from tests.contract.providers.rig import Rig
from tests.lab.faults import Cutter, answering, silence, web_page
from tests.lab.waiting import eventually

GONE = (None, MachineState.TERMINATED)


def needs(thing: object, what: str) -> None:
    if not thing:
        pytest.skip(f"this provider has no {what}")


def made(rig: Rig, provider: Provider) -> MachineReading:
    spec = rig.spec(f"made-{secrets.token_hex(3)}", secrets.token_hex(8))
    assert spec is not None
    type(provider).check_spec(spec)
    machine = provider.create(spec)
    eventually(lambda: rig.heeds(provider, machine.external_id), 60)
    return machine


def state(provider: Provider, id: str) -> MachineState | None:
    found = provider.read_machine(id)
    return None if found is None else found.state


def becomes(provider: Provider, id: str, wanted: MachineState) -> None:
    eventually(lambda: state(provider, id) is wanted, 60)


def test_good_credentials_pass(rig: Rig) -> None:
    with rig.opened() as provider:
        provider.check()


def test_wrong_credentials_are_called_that(rig: Rig) -> None:
    account = rig.refused()
    needs(account, "credentials")
    with pytest.raises(errors.ProviderAuthFailed), rig.opened(account) as provider:
        provider.check()


def test_a_machine_lives_and_dies(rig: Rig) -> None:
    with rig.opened() as provider:
        needs(provider.creates, "way to create")
        machine = made(rig, provider)
        listed = {each.external_id: each for each in provider.list_machines()}
        assert listed[machine.external_id].name == machine.name
        assert provider.find_marked(machine.mark or "") is not None
        provider.destroy(machine.external_id)
        assert state(provider, machine.external_id) in GONE
        assert provider.find_marked(machine.mark or "") is None
        provider.destroy(machine.external_id)


@pytest.mark.parametrize("action", [Action.STOP, Action.START, Action.REBOOT])
def test_an_action_may_be_repeated(rig: Rig, action: Action) -> None:
    with rig.opened() as provider:
        needs(provider.creates and action in provider.actions, f"way to {action}")
        machine = made(rig, provider)
        for _ in range(2):
            getattr(provider, action)(machine.external_id)
        becomes(provider, machine.external_id, MachineState.STOPPED if action == "stop" else MachineState.RUNNING)
        provider.destroy(machine.external_id)


def test_actions_offered_now_are_actions_of_the_provider(rig: Rig) -> None:
    with rig.opened() as provider:
        for machine in provider.list_machines():
            assert set(machine.actions) <= provider.actions


def test_a_resize_is_refused_while_running_and_done_while_stopped(rig: Rig) -> None:
    with rig.opened() as provider:
        needs(Action.RESIZE in provider.actions, "way to resize")
        machine = made(rig, provider)
        size = next(each.id for each in provider.list_sizes() if each.id != machine.size)
        becomes(provider, machine.external_id, MachineState.RUNNING)
        with pytest.raises(errors.Conflict, match="stop it first"):
            provider.resize(machine.external_id, size)
        provider.stop(machine.external_id)
        becomes(provider, machine.external_id, MachineState.STOPPED)
        provider.resize(machine.external_id, size)
        found = provider.read_machine(machine.external_id)
        assert found is not None
        assert found.size == size
        provider.destroy(machine.external_id)


def test_tags_are_kept_by_the_vendor(rig: Rig) -> None:
    with rig.opened() as provider:
        needs(provider.native_tags, "tags of its own")
        machine = made(rig, provider)
        for tag in ("blue", "blue", "env=prod"):
            provider.add_tag(machine.external_id, tag)
        assert provider.read_machine(machine.external_id).tags == ("blue", "env=prod")  # type: ignore[union-attr]
        for _ in range(2):
            provider.remove_tag(machine.external_id, "blue")
        assert provider.read_machine(machine.external_id).tags == ("env=prod",)  # type: ignore[union-attr]
        provider.destroy(machine.external_id)


def test_an_unknown_machine_is_not_found(rig: Rig) -> None:
    with rig.opened() as provider:
        assert provider.read_machine(rig.unknown) is None
        for action in provider.actions - {Action.DESTROY, Action.RESIZE}:
            with pytest.raises(errors.ProviderNotFound):
                getattr(provider, action)(rig.unknown)
        if Action.DESTROY in provider.actions:
            provider.destroy(rig.unknown)


def test_what_a_provider_cannot_do_it_says(rig: Rig) -> None:
    with rig.opened() as provider:
        for action in set(Action) - provider.actions:
            arguments = (rig.unknown, "size") if action is Action.RESIZE else (rig.unknown,)
            with pytest.raises(errors.NotSupported, match=provider.title.replace("(", r"\(").replace(")", r"\)")):
                getattr(provider, action)(*arguments)


@pytest.mark.timeout(30)
def test_silence_ends_in_a_time_out(rig: Rig) -> None:
    with silence() as port:
        account = rig.at(port)
        needs(account, "network between")
        with pytest.raises(errors.ProviderTimeout), rig.opened(account) as provider:
            provider.list_machines()


def test_a_port_where_nothing_listens_is_unreachable(rig: Rig) -> None:
    with silence() as port:
        account = rig.at(port)
    needs(account, "network between")
    with pytest.raises(errors.ProviderUnreachable), rig.opened(account) as provider:
        provider.list_machines()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"[1, 2"),
        (200, b"<a/>"),
        (200, b'{"ApiVersion": 7}'),
        (200, b'{"ApiVersion": "1.41"}'),
        (302, b"<html/>"),
        (404, b"<html>no</html>"),
    ],
)
def test_nonsense_is_a_bad_answer(rig: Rig, status: int, body: bytes) -> None:
    needs(rig.over_http, "HTTP")
    with (
        answering(status, body) as port,
        pytest.raises(errors.ProviderBadAnswer),
        rig.opened(rig.at(port)) as provider,
    ):
        provider.list_machines()


def test_a_web_page_is_a_bad_answer(rig: Rig) -> None:
    needs(rig.over_http, "HTTP")
    with web_page() as port, pytest.raises(errors.ProviderBadAnswer), rig.opened(rig.at(port)) as provider:
        provider.list_machines()


def test_a_fault_of_theirs_may_be_tried_again(rig: Rig) -> None:
    needs(rig.over_http, "HTTP")
    with (
        answering(503, b"busy", "text/plain") as port,
        pytest.raises(errors.ProviderUnreachable) as caught,
        rig.opened(rig.at(port)) as provider,
    ):
        provider.list_machines()
    assert caught.value.retryable


def test_a_machine_whose_answer_was_lost_is_found_by_its_mark(rig: Rig) -> None:
    dial = rig.dial()
    needs(dial and rig.create_needle, "connection to cut")
    assert dial is not None
    assert rig.create_needle is not None
    spec = rig.spec(f"cut-{secrets.token_hex(3)}", secrets.token_hex(8))
    assert spec is not None
    with Cutter(dial, rig.create_needle) as cutter:
        account = rig.at(cutter.port)
        with rig.opened(account) as provider, pytest.raises(errors.ProviderUnreachable):
            provider.create(spec)
        assert cutter.cuts == 1
    with rig.opened() as provider:
        found = provider.find_marked(spec.mark)
        assert found is not None
        assert found.name == spec.name
        becomes(provider, found.external_id, MachineState.RUNNING)
        assert [each.mark for each in provider.list_machines()].count(spec.mark) == 1
        provider.destroy(found.external_id)


def test_the_catalog_is_readable(rig: Rig) -> None:
    with rig.opened() as provider:
        needs(provider.creates, "catalog")
        images = provider.list_images()
        assert images
        assert all(each.star for each in images)
        assert len(provider.list_images("all")) >= len(images)
        assert any(images[0].id == each.id for each in provider.list_images(images[0].name[:12]))
        assert provider.list_sizes() or not provider.needs_size
        assert provider.list_networks()
        assert isinstance(provider.list_locations(), list)


def test_secrets_stay_out_of_errors(rig: Rig) -> None:
    account = rig.refused()
    needs(account, "credentials")
    assert account is not None
    with pytest.raises(errors.MistError) as caught, rig.opened(account) as provider:
        provider.check()
    assert "not the secret" not in str(caught.value) + repr(caught.value.facts) + repr(account.settings)
