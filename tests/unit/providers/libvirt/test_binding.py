from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.providers.libvirt import binding, markup

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")


def test_without_the_library_the_answer_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "_loaded", None)
    monkeypatch.setitem(sys.modules, "libvirt", None)
    with pytest.raises(errors.ProviderNotAvailable, match=r"libvirt-dev, then pip install 'mist\[libvirt\]'"):
        binding.libvirt_module()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("VIR_ERR_AUTH_FAILED", errors.ProviderAuthFailed),
        ("VIR_ERR_RPC", errors.ProviderUnreachable),
        ("VIR_ERR_NO_DOMAIN", errors.ProviderNotFound),
        ("VIR_ERR_OPERATION_TIMEOUT", errors.ProviderTimeout),
        ("VIR_ERR_DOM_EXIST", errors.AlreadyExists),
        ("VIR_ERR_XML_ERROR", errors.ProviderRejected),
    ],
)
def test_each_failure_is_an_error_of_ours(code: str, kind: type[errors.MistError]) -> None:
    error: Any = SimpleNamespace(
        get_error_code=lambda: getattr(libvirt, code), get_error_message=lambda: "bad\x1b[31m\n" + "x" * 999
    )
    found = binding.translated(error, "start it", "kvm\x1b")
    assert type(found) is kind
    assert found.message.startswith("The hypervisor kvm? did not start it: bad?[31m")
    assert len(found.message) < 400


def test_errors_are_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(errors.ProviderUnreachable), binding.faults("answer", "h"):
        binding.libvirt_module().open("qemu+unix:///system?socket=/nowhere")
    assert capfd.readouterr() == ("", "")


def test_entities_in_answers_are_refused() -> None:
    with pytest.raises(errors.ProviderBadAnswer, match="entities"):
        markup.parse('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(errors.ProviderBadAnswer, match="cannot be read"):
        markup.parse("<a>")
