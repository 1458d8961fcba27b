from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from mistserver.domain.errors import InvalidInput
from mistserver.providers.kubevirt import KubeVirt
from mistserver.providers.kubevirt.settings import access


def config(user: dict[str, Any], cluster: dict[str, Any] | None = None, **more: Any) -> str:
    told = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "contexts": [{"name": "other", "context": {}}, {"name": "lab", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://k8s.example:6443", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
    }
    return yaml.safe_dump({**told, **more})


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_kubeconfig_with_a_certificate() -> None:
    user = {"client-certificate-data": packed("a certificate"), "client-key-data": packed("a key")}
    text = config(user, {"certificate-authority-data": packed("an authority")})
    found = access(KubeVirt.read_settings({"kubeconfig": text}))
    assert (found.url, found.client_pem, found.ca_pem) == (
        "https://k8s.example:6443",
        "a certificate\na key",
        "an authority",
    )


def test_a_kubeconfig_with_a_token_and_a_path() -> None:
    text = config({"token": "abc"}, {"server": "https://rancher.example/k8s/clusters/c-1/"})
    found = access(KubeVirt.read_settings({"kubeconfig": text}))
    assert (found.url, found.token) == ("https://rancher.example:443/k8s/clusters/c-1", "abc")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "does not tell"),
        ("", "needs a kubeconfig"),
        ("a: 1", "does not tell"),
        (config({}), "neither a token nor a certificate"),
        (config({"exec": {"command": "aws"}}), "exec leads outside"),
        (config({"client-certificate": "/root/a.pem", "client-key": "/root/k"}), "leads outside"),
        (config({"token": "t"}, {"certificate-authority": "/etc/ca.pem"}), "certificate-authority leads outside"),
        (config({"token": "t"}, {"insecure-skip-tls-verify": True}), "skips the check"),
        (config({"token": "t"}, {"proxy-url": "http://proxy:3128"}), "names a proxy"),
        (config({"token": "t"}, {"server": "http://k8s.example"}), "reached at https"),
        (config({"token": "a\nb"}), "a character that none has"),
        (config({"token": "t"}, None, **{"current-context": "nowhere"}), "does not tell"),
        (config({"client-certificate-data": "???", "client-key-data": "x"}), "not a PEM in base64"),
    ],
)
def test_a_kubeconfig_that_does_not_do(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        KubeVirt.read_settings({"kubeconfig": text})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "kubeconfig"),
        ({"host": "h"}, "token"),
        ({"host": "h", "cert_file": "c"}, "key_file"),
        ({"host": "http://h", "token": "t"}, "host"),
        ({"host": "a b", "token": "t"}, "host"),
        ({"host": "h", "token": "t", "namespace": "A_b"}, "namespace"),
        ({"host": "h", "token": "t", "kubeconfig": config({"token": "t"})}, "kubeconfig"),
    ],
)
def test_what_cannot_be_meant_names_its_field(given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        KubeVirt.read_settings(given)
    assert caught.value.facts["field"] == field


def test_a_host_is_taken_as_it_is_written() -> None:
    for host, url in (("k8s.example", "https://k8s.example:6443"), ("2001:db8::1", "https://[2001:db8::1]:6443")):
        assert access(KubeVirt.read_settings({"host": host, "token": "t"})).url == url
