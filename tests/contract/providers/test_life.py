"""What every provider owes to its machines, whatever stands behind it."""

from __future__ import annotations

import contextlib
import secrets

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.base import Provider
from tests.contract.providers.rig import Rig
from tests.lab.faults import Cutter
from tests.lab.waiting import eventually

GONE = (None, MachineState.TERMINATED)
needs = pytest.mark.needs


def made(rig: Rig, provider: Provider, tags: tuple[str, ...] = ()) -> MachineReading:
    spec = replace(rig.spec(f"made-{secrets.token_hex(3)}", secrets.token_hex(8)), tags=tags)
    type(provider).check_spec(spec)
    machine = provider.create(spec)
    assert machine.mark == spec.mark
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


@needs("credentials")
def test_wrong_credentials_are_called_that(rig: Rig) -> None:
    with pytest.raises(errors.ProviderAuthFailed), rig.opened(rig.refused()) as provider:
        provider.check()


@needs("credentials")
def test_secrets_stay_out_of_errors(rig: Rig) -> None:
    account = rig.refused()
    with pytest.raises(errors.MistError) as caught, rig.opened(account) as provider:
        provider.check()
    assert "not the secret" not in str(caught.value) + repr(caught.value.facts) + repr(account.settings)


@needs("creates")
def test_a_machine_lives_and_dies(rig: Rig) -> None:
    with rig.opened() as provider:
        tags = rig.tags if provider.native_tags else ()
        machine = made(rig, provider, tags)
        listed = {each.external_id: each for each in provider.list_machines()}
        assert listed[machine.external_id].name == machine.name
        assert set(listed[machine.external_id].tags) == set(tags)
        assert provider.find_marked(machine.mark or "") is not None
        provider.destroy(machine.external_id)
        eventually(lambda: state(provider, machine.external_id) in GONE, 60)
        assert provider.find_marked(machine.mark or "") is None
        provider.destroy(machine.external_id)


@needs("creates")
def test_an_action_may_be_repeated(rig: Rig) -> None:
    after = {Action.STOP: MachineState.STOPPED, Action.START: MachineState.RUNNING, Action.REBOOT: MachineState.RUNNING}
    with rig.opened() as provider:
        machine = made(rig, provider)
        for action, wanted in after.items():
            if action in provider.actions and action not in rig.lacks:
                for _ in range(2):
                    getattr(provider, action)(machine.external_id)
                becomes(provider, machine.external_id, wanted)
        provider.destroy(machine.external_id)


def test_actions_offered_now_are_actions_of_the_provider(rig: Rig) -> None:
    with rig.opened() as provider:
        for machine in provider.list_machines():
            assert set(machine.actions) <= provider.actions


@needs("resize", "resize when stopped")
def test_a_resize_is_refused_while_running_and_done_while_stopped(rig: Rig) -> None:
    with rig.opened() as provider:
        machine = made(rig, provider)
        size = next(each.id for each in provider.list_sizes() if each.id != machine.size)
        becomes(provider, machine.external_id, MachineState.RUNNING)
        with pytest.raises(errors.Conflict, match="stop it first"):
            provider.resize(machine.external_id, size)
        provider.stop(machine.external_id)
        becomes(provider, machine.external_id, MachineState.STOPPED)
        provider.resize(machine.external_id, size)
        eventually(lambda: _size(provider, machine.external_id) == size, 60)
        provider.destroy(machine.external_id)


@needs("resize", "resize when running")
def test_a_running_machine_is_resized(rig: Rig) -> None:
    with rig.opened() as provider:
        machine = made(rig, provider)
        size = next(each.id for each in provider.list_sizes() if each.id != machine.size)
        becomes(provider, machine.external_id, MachineState.RUNNING)
        for _ in range(2):
            provider.resize(machine.external_id, size)
            eventually(lambda: _size(provider, machine.external_id) == size, 60)
            becomes(provider, machine.external_id, MachineState.RUNNING)
            provider.finish_resize(machine.external_id, size)
        eventually(lambda: rig.heeds(provider, machine.external_id), 60)
        provider.destroy(machine.external_id)


def _size(provider: Provider, id: str) -> str | None:
    found = provider.read_machine(id)
    return None if found is None else found.size


def tagged(rig: Rig, provider: Provider) -> str:
    """The id of a machine that was given both tags, the first of them twice."""
    machine = made(rig, provider)
    first, second = rig.tags
    for tag in (first, first, second):
        provider.add_tag(machine.external_id, tag)
    assert set(provider.known(machine.external_id).tags) == {first, second}
    return machine.external_id


@needs("native tags", "creates", "tags come off")
def test_tags_are_kept_by_the_vendor_until_they_are_taken_off(rig: Rig) -> None:
    with rig.opened() as provider:
        id = tagged(rig, provider)
        for _ in range(2):
            provider.remove_tag(id, rig.tags[0])
        assert provider.known(id).tags == (rig.tags[1],)
        provider.destroy(id)


@needs("native tags", "creates", "tags stay")
def test_tags_are_kept_by_the_vendor(rig: Rig) -> None:
    with rig.opened() as provider:
        provider.destroy(tagged(rig, provider))


def test_an_unknown_machine_is_not_found(rig: Rig) -> None:
    with rig.opened() as provider:
        assert provider.read_machine(rig.unknown) is None
        for action in provider.actions - {Action.DESTROY, Action.RESIZE}:
            with pytest.raises(errors.ProviderNotFound):
                getattr(provider, action)(rig.unknown)
        if Action.DESTROY in provider.actions:
            provider.destroy(rig.unknown)


@pytest.mark.parametrize("id", ["..", "../..", "a/../../b", "x?y=z", "#", "a b", "\n", "%2e%2e", "-rf", "$(id)"])
def test_a_hostile_id_reaches_nothing_else(rig: Rig, id: str) -> None:
    with rig.opened() as provider:
        before = {each.external_id for each in provider.list_machines()}
        for action in provider.actions - {Action.RESIZE}:
            with contextlib.suppress(errors.ProviderError, errors.InvalidInput):
                getattr(provider, action)(id)
        assert {each.external_id for each in provider.list_machines()} == before


def test_what_a_provider_cannot_do_it_says(rig: Rig) -> None:
    with rig.opened() as provider:
        for action in set(Action) - provider.actions:
            arguments = (rig.unknown, "size") if action is Action.RESIZE else (rig.unknown,)
            with pytest.raises(errors.NotSupported, match=provider.title.replace("(", r"\(").replace(")", r"\)")):
                getattr(provider, action)(*arguments)


@needs("cut")
def test_a_machine_whose_answer_was_lost_is_found_by_its_mark(rig: Rig) -> None:
    spec = rig.spec(f"cut-{secrets.token_hex(3)}", secrets.token_hex(8))
    assert rig.create_needle is not None
    with Cutter(rig.dial(), rig.create_needle) as cutter:
        account = rig.at(cutter.port)
        with rig.opened(account) as provider, pytest.raises(errors.ProviderUnreachable):
            provider.create(spec)
        assert cutter.cuts == 1
    with rig.opened() as provider:
        found = provider.find_marked(spec.mark)
        assert found is not None
        assert found.name == spec.name
        for _ in range(2):
            assert provider.finish(spec, found).external_id == found.external_id
        becomes(provider, found.external_id, MachineState.RUNNING)
        assert [each.mark for each in provider.list_machines()].count(spec.mark) == 1
        provider.destroy(found.external_id)


@needs("images")
def test_images_are_offered_and_found(rig: Rig) -> None:
    with rig.opened() as provider:
        images = provider.list_images()
        assert images
        assert all(each.star for each in images)
        assert len(provider.list_images("all")) >= len(images)
        assert any(images[0].id == each.id for each in provider.list_images(images[0].name[:12]))
        assert not provider.list_images("no image is called that")


@needs("sizes")
def test_sizes_are_offered_with_the_date_of_their_price(rig: Rig) -> None:
    with rig.opened() as provider:
        sizes = provider.list_sizes()
    assert sizes
    for size in sizes:
        assert (size.price is None) or (size.currency and size.price_date)


@needs("locations")
def test_locations_are_offered(rig: Rig) -> None:
    with rig.opened() as provider:
        assert provider.list_locations()


@needs("networks")
def test_networks_are_offered(rig: Rig) -> None:
    with rig.opened() as provider:
        assert provider.list_networks()


@needs("creates", "lists less")
def test_what_a_provider_does_not_offer_is_an_empty_list_or_said(rig: Rig) -> None:
    with rig.opened() as provider:
        for noun in set(Rig.lists) - set(rig.lists):
            with contextlib.suppress(errors.NotSupported):
                assert getattr(provider, f"list_{noun}")() == [], noun


@needs("many")
def test_every_page_is_read(rig: Rig) -> None:
    with rig.fill(10_000), rig.opened() as provider:
        found = provider.list_machines()
        assert len({each.external_id for each in found}) == len(found) >= 10_000
