"""Compute Engine signs in with credentials in all their forms, and with none that would lead elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.providers.base import Account
from mistserver.providers.gce import Gce
from tests.lab.certificates import Authority
from tests.lab.clouds.gce_project import EMAIL, PROJECT, pem
from tests.lab.faults import answering
from tests.lab.stand_in import Answer, Reply, Request, StandIn

ACCOUNT = {
    "type": "service_account",
    "project_id": PROJECT,
    "client_email": EMAIL,
    "private_key": pem(),
    "token_uri": "https://oauth2.googleapis.com/token",
}
USER = {
    "type": "authorized_user",
    "client_id": "c",
    "client_secret": "not the secret",
    "refresh_token": "1//r",
    "quota_project_id": PROJECT,
}
IAM = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken"
IMPERSONATED = {"type": "impersonated_service_account", "service_account_impersonation_url": IAM}
EXTERNAL = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/o",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"url": "https://issuer.example.com/token"},
}


def read(key: Any, **more: Any) -> Any:
    text = key if isinstance(key, str) else json.dumps(key)
    return Gce.read_settings({"private_key": text, **more})


def opened(cloud: StandIn, settings: Any = None) -> Gce:
    provider = Gce(Account(settings=settings or read(ACCOUNT), endpoint=cloud.url))
    provider.open()
    return provider


class Tokens(StandIn):
    """Google's services for tokens, and an empty project."""

    def handle(self, request: Request) -> Answer:
        if request.path.endswith(":generateAccessToken"):
            return {"accessToken": "impersonated", "expireTime": "2099-01-01T00:00:00Z"}
        if request.path.endswith("/aggregated/instances"):
            return {"kind": "compute#instanceAggregatedList", "items": {}}
        return {"access_token": "plain", "expires_in": 3599, "token_type": "Bearer"}


def test_a_key_in_pem_form_needs_its_email_and_project() -> None:
    assert read(pem(), email=EMAIL, project_id=PROJECT).project_id == PROJECT
    assert read(pem().replace("\n", "\\n"), email=EMAIL, project_id=PROJECT)
    with pytest.raises(errors.InvalidInput, match="email"):
        read(pem(), project_id=PROJECT)
    with pytest.raises(errors.InvalidInput, match="project"):
        read(pem(), email=EMAIL)


def test_json_says_the_rest() -> None:
    assert read(ACCOUNT).project_id == PROJECT
    assert read(USER).project_id == PROJECT
    assert read({**IMPERSONATED, "source_credentials": USER}, project_id="other-1").project_id == "other-1"


@pytest.mark.parametrize(
    "key",
    [
        "no key at all",
        "{",
        {"type": "gdch_service_account"},
        {**ACCOUNT, "private_key": "no key"},
        {**ACCOUNT, "token_uri": "https://attacker.example.com/token"},
        {**ACCOUNT, "token_uri": "http://oauth2.googleapis.com/token"},
        {**ACCOUNT, "token_uri": "https://googleapis.com.example.com/token"},
        {**ACCOUNT, "universe_domain": "example.com"},
        {**IMPERSONATED, "source_credentials": {"type": "external_account"}},
        {**IMPERSONATED, "source_credentials": {**ACCOUNT, "token_uri": "https://attacker.example.com"}},
        {**IMPERSONATED, "service_account_impersonation_url": "https://x.example.com/", "source_credentials": USER},
        {**EXTERNAL, "credential_source": {"file": "/etc/shadow"}},
        {**EXTERNAL, "credential_source": {"executable": {"command": "id"}}},
        {**EXTERNAL, "credential_source": {"url": "http://169.254.169.254/token"}},
        {**EXTERNAL, "credential_source": {"environment_id": "aws1", "url": "https://x.example.com"}},
        {**EXTERNAL, "token_url": "https://attacker.example.com/token"},
    ],
)
def test_credentials_that_cannot_be_used_or_would_lead_elsewhere(key: Any) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        read(key, email=EMAIL, project_id=PROJECT)
    assert caught.value.facts["field"] == "private_key"


@pytest.mark.parametrize(
    ("key", "paths", "token"),
    [
        (ACCOUNT, ["/token"], "plain"),
        (USER, ["/token"], "plain"),
        (
            {**IMPERSONATED, "source_credentials": USER, "quota_project_id": PROJECT},
            ["/token", IAM.removeprefix("https://iamcredentials.googleapis.com")],
            "impersonated",
        ),
    ],
)
def test_each_kind_of_json_gets_a_token(key: Any, paths: list[str], token: str) -> None:
    with Tokens() as cloud:
        assert opened(cloud, read(key, project_id=PROJECT)).list_machines() == []
        assert [each.path for each in cloud.seen[:-1]] == paths
        assert cloud.seen[-1].headers["authorization"] == f"Bearer {token}"


def test_the_token_of_another_identity_provider_is_exchanged() -> None:
    authority = Authority()
    subject = answering(200, b"subject", "text/plain", tls=authority.server("127.0.0.1"))
    with Tokens() as cloud, subject as port:
        source = {"url": f"https://127.0.0.1:{port}/token"}
        settings = read({**EXTERNAL, "credential_source": source}, project_id=PROJECT)
        provider = Gce(Account(settings=settings, endpoint=cloud.url, ca_pem=authority.pem))
        provider.open()
        assert provider.list_machines() == []
        exchange = cloud.seen[0]
    assert exchange.path == "/v1/token"
    assert exchange.form["subject_token"] == "subject"


def test_a_refused_user_is_told_so() -> None:
    with Tokens() as cloud:
        refused = Reply(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
        with cloud.refusing("POST", "/token", refused), pytest.raises(errors.ProviderAuthFailed, match="revoked"):
            opened(cloud, read(USER)).check()
        assert len(cloud.seen) == 1
