from __future__ import annotations

import copy

import pytest

import mistclient
from mistclient import MistClient, errors
from mistclient.errors import (
    Conflict,
    InvalidInput,
    JobFailed,
    MistError,
    NotFound,
    NotSignedIn,
    ServiceUnreachable,
    TooManyAttempts,
    Unavailable,
    WaitTimeout,
)
from tests.support import rest_records as records
from tests.support.rest_stub import TOKEN, RestStub


def refused(code: str, message: str, status: int = 409) -> tuple[int, object]:
    return status, {"error": {"code": code, "message": message, "details": {"a": 1}, "request_id": "r9"}}


def test_everything_public_is_there() -> None:
    assert [name for name in mistclient.__all__ if not hasattr(mistclient, name)] == []
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = mistclient.nothing_such


def test_an_error_is_the_services_by_its_code(client: MistClient, service: RestStub) -> None:
    service.scripted["GET", "/me"] = [refused("host_key_changed", "Another key.")]

    with pytest.raises(errors.HostKeyChanged) as caught:
        client.me()

    error = caught.value
    assert isinstance(error, Conflict)
    assert (str(error), error.status_code, error.details, error.request_id) == ("Another key.", 409, {"a": 1}, "r9")


def test_an_unknown_code_is_one_of_its_status(client: MistClient, service: RestStub) -> None:
    service.scripted["GET", "/me"] = [refused("brand_new", "Newer than this client.", 404)]

    with pytest.raises(NotFound, match="Newer than this client"):
        client.me()


def test_an_answer_that_is_not_mists_names_the_address(client: MistClient, service: RestStub) -> None:
    service.scripted["GET", "/me"] = [(404, {"detail": "nope"})]

    with pytest.raises(MistError, match=rf"{service.uri}/api/v1/me answered 404 without an error of Mist"):
        client.me()


def test_nothing_listening_says_how_to_start_it() -> None:
    with pytest.raises(ServiceUnreachable, match="mist serve"):
        MistClient("http://127.0.0.1:9", api_token="x").me()


def test_a_read_is_tried_again_when_the_service_is_back_at_once(
    client: MistClient, service: RestStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("mistclient.transport.time.sleep", pauses.append)
    service.scripted["GET", "/me"] = [refused("unavailable", "Starting.", 503)] * 2

    assert client.me()["account"]["name"] == "Mist"
    assert pauses == [0.2, 0.8]


def test_a_change_without_a_key_of_its_own_is_sent_once(client: MistClient, service: RestStub) -> None:
    service.scripted["PATCH", "/keys/key-Dummy"] = [refused("unavailable", "Starting.", 503)]

    with pytest.raises(Unavailable):
        client.keys(name="Dummy")[0].rename("x")

    assert service.calls("PATCH") == [("PATCH", "/keys/key-Dummy")]


def test_a_create_repeats_under_the_same_idempotency_key(
    client: MistClient, service: RestStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistclient.transport.time.sleep", lambda _: None)
    service.scripted["POST", "/keys"] = [refused("unavailable", "Starting.", 503)]

    client.add_key("MyKey")

    first, second = [seen.headers["Idempotency-Key"] for seen in service.seen if seen.method == "POST"]
    assert first == second


def test_a_long_wait_is_left_to_the_caller(client: MistClient, service: RestStub) -> None:
    status, body = refused("too_many_attempts", "Wait.", 429)
    body["error"]["details"] = {"retry_after_s": 600}  # type: ignore[index]
    service.scripted["GET", "/me"] = [(status, body)]

    with pytest.raises(TooManyAttempts):
        client.me()
    assert len(service.seen) == 1


def test_a_session_that_ended_is_renewed_once(service: RestStub) -> None:
    client = MistClient(email="user@mist.io", password="mist_password")
    service.tokens.clear()

    assert client.me()["account"]["name"] == "Mist"
    assert [path for _, path in service.calls()] == ["/sessions", "/me", "/sessions", "/me"]


def test_a_wrong_password_is_not_tried_again(service: RestStub) -> None:
    with pytest.raises(NotSignedIn, match="wrong"):
        MistClient(email="user@mist.io", password="no")
    assert service.calls() == [("POST", "/sessions")]


def test_a_failed_job_carries_itself(client: MistClient, service: RestStub) -> None:
    service.job_error = {"code": "provider_quota", "message": "The quota is used up.", "details": {}}

    with pytest.raises(JobFailed, match="stop atlanta: The quota is used up") as caught:
        client.machines()[0].stop()

    assert caught.value.job is not None
    assert caught.value.job.state == "failed"
    assert isinstance(caught.value.__cause__, errors.ProviderQuota)


def test_waiting_ends_while_the_job_goes_on(client: MistClient, service: RestStub) -> None:
    service.jobs["j"] = {**records.job("j", "run", "run it"), "state": "running"}

    with pytest.raises(WaitTimeout, match="still running after 0 s"):
        client.job("j").wait(timeout_s=0)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"provider": "nowhere"}, "There is no provider 'nowhere'"),
        ({"provider": "docker", "docker_hots": "x"}, "Docker takes no 'docker_hots'; it takes docker_host"),
        ({"provider": "docker", "docker_host": "x", "docker_port": "http"}, "docker_port is a port number"),
        ({"provider": "ec2_eu_west", "region": "ec2_us_west", "api_key": "a"}, "means the region 'ec2_eu_west'"),
    ],
)
def test_a_backend_that_cannot_be_meant_is_refused_here(
    given: dict[str, str], told: str, client: MistClient, service: RestStub
) -> None:
    with pytest.raises(InvalidInput, match=told):
        client.add_backend(**given)
    assert service.calls("POST") == []


def test_a_provider_that_only_the_service_knows_is_taken(
    client: MistClient, service: RestStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = {
        "id": "brandnew",
        "title": "Brand New",
        "regions": [],
        "supported_as": {},
        "settings": [{"name": "token", "kind": "text", "aliases": [], "default": None}],
    }
    monkeypatch.setattr(records, "providers", lambda: [newer])

    client.add_backend("brandnew", token="x")

    assert service.body("POST", "/backends") == {"provider": "brandnew", "settings": {"token": "x"}}


def test_a_shorthand_names_provider_and_region(client: MistClient, service: RestStub) -> None:
    client.add_backend("rackspace:dfw", username="u", api_key="k")

    assert service.body("POST", "/backends")["region"] == "dfw"


def test_creating_in_the_background_answers_the_job(client: MistClient) -> None:
    job = client.backends(name="Docker")[0].create_machine("web", image_id="debian", **{"async": True})

    assert isinstance(job, mistclient.Job)


def test_an_unknown_option_of_create_is_an_error_of_the_call(client: MistClient) -> None:
    with pytest.raises(TypeError, match="takes no 'sizze'"):
        client.backends(name="Docker")[0].create_machine("web", sizze="1")


def test_names_in_paths_are_quoted(client: MistClient, service: RestStub) -> None:
    client.machines()[0].tag("a/b c?d#..")

    assert service.calls("PUT")[0][1].endswith("/tags/a%2Fb%20c%3Fd%23..")


def test_a_list_of_several_does_not_stand_for_one(client: MistClient) -> None:
    with pytest.raises(AttributeError, match=r"list of 9 backends has no 'images'.*\[0\]"):
        _ = client.backends.images
    with pytest.raises(TypeError, match="no filter 'nam'"):
        client.backends(nam="x")


def test_running_a_command_gives_the_results_per_machine(client: MistClient, service: RestStub) -> None:
    job = client.run("uptime", tag="dev", sudo=True, timeout_s=5)

    assert [item["machine_name"] for item in job.items()] == ["atlanta"]
    assert service.body("POST", "/runs") == {"command": "uptime", "tag": "dev", "sudo": True, "timeout_s": 5}


def test_following_a_job_ends_with_it(client: MistClient, service: RestStub) -> None:
    service.jobs["j"] = {**records.job("j", "run", "run it"), "state": "succeeded"}
    output = {"seq": 1, "machine_id": "m", "machine_name": "web", "stream": "stdout", "data": "hi\n"}
    service.stream = [("output", output), ("end", service.jobs["j"])]

    assert [event.event for event in client.job("j").follow()] == ["output"]


def test_the_token_of_another_service_is_not_sent(service: RestStub, tmp_path, monkeypatch) -> None:
    (tmp_path / ".mist").write_text(f"[mist.tokens]\nhttp://other:1 user@mist.io={TOKEN}\n")

    client = MistClient()

    assert client.api_token is None


def test_lists_can_be_copied(client: MistClient) -> None:
    assert [backend.id for backend in copy.copy(client.backends)] == [backend.id for backend in client.backends]
