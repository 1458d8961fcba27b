"""NephoScale through its REST API, for endpoints that still speak it: the vendor switched its own off in 2018.

The vendor's documentation (docs.nephoscale.com) went with it; what stands here is what clients of its time did, checked
against answers that were recorded then.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from base64 import b64encode
from typing import Annotated
from urllib.parse import urlencode

from mistserver.domain.catalog import Image, Location, Size
from mistserver.domain.errors import (
    InvalidInput,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderTimeout,
)
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, images
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.nephoscale.reading import image, reading, size
from mistserver.providers.rest import Dialect, Json, Said, decoded, refusal, refused

_MARK = "mist-mark-"
_SERVER_KEY, _CONSOLE_KEY = 1, 4  # groups of keys
_NAME = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_ROOM = re.compile(r"quota|limit (is |was )?(reached|exceeded)|no capacity|out of capacity|sold out", re.IGNORECASE)


class Settings(ProviderSettings, frozen=True, kw_only=True):
    username: Annotated[str, setting("User name", flag="nepho-username")]
    password: Annotated[str, setting("Password", flag="nepho-password", secret=True)]


class NephoScale(Provider):
    id = "nephoscale"
    title = "NephoScale"
    Settings = Settings
    over_http = True
    creates = True
    actions = frozenset({Action.START, Action.STOP, Action.REBOOT, Action.DESTROY})
    retired_since = "2018"
    guide = Guide(
        credentials="User name and password of the account.",
        permissions="The account's own.",
        limits=(
            "The vendor ended its service; this works against an endpoint (`--endpoint`) that still speaks its API.",
            "No networks to choose from, no user data, and tags are kept by Mist.",
            "Each machine is given a console key, by whose name a create that was interrupted is found again.",
            "Prices are the last that the vendor asked.",
        ),
        through="NephoScale's REST API itself",
        source="http://docs.nephoscale.com (no longer there)",
    )

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        rule = "names of at most 64 letters, digits, dots and dashes, no dot or dash at an end"
        checks.name(cls.title, spec, _NAME, rule)
        checks.needs(cls.title, spec, "size")
        checks.options(cls.title, spec, {})
        if spec.networks:
            raise InvalidInput("NephoScale has no networks to choose from; leave them out.", field="networks")
        if spec.user_data is not None:
            raise InvalidInput("NephoScale takes no user data; leave it out.", field="user_data")

    def open(self) -> None:
        settings = self.account.settings
        login = b64encode(f"{settings.username}:{settings.password}".encode()).decode()
        self._http = Http(self.account, "https://api.nephoscale.com")
        self._headers = {"Accept": "application/json", "Authorization": f"Basic {login}"}
        self._dialect = Dialect(self.title, _said, words=((_ROOM, ProviderQuota),))

    def close(self) -> None:
        if hasattr(self, "_http"):
            self._http.close()

    def check(self) -> None:
        self._list("/datacenter/zone/")

    def list_machines(self) -> list[MachineReading]:
        servers = self._list("/server/cloud/")
        with understood(self._http.where):
            marks = self._marks() if servers else {}
            return [reading(each, marks) for each in servers]

    def find_marked(self, mark: str) -> MachineReading | None:
        return next((each for each in self.list_machines() if each.mark == mark), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the newest long-term versions of the distributions."""
        found = self._list("/image/server/")
        with understood(self._http.where):
            return images.shown([image(each) for each in found if each.get("is_active", True)], search)

    def list_sizes(self) -> list[Size]:
        found = self._list("/server/type/cloud/")
        with understood(self._http.where):
            return [size(each) for each in found]

    def list_locations(self) -> list[Location]:
        found = self._list("/datacenter/zone/")
        with understood(self._http.where):
            return [Location(id=str(each["id"]), name=each["name"], country="US") for each in found]

    def create(self, spec: MachineSpec) -> MachineReading:
        """The vendor answers with a job. ProviderTimeout where the machine is not there yet: its mark will tell."""
        wanted: Json = {
            "name": spec.name,
            "hostname": spec.name,
            "service_type": spec.size,
            "image": spec.image,
            "console_key": self._console_key(spec.mark),
        }
        if spec.public_key:
            wanted["server_key"] = self._server_key(spec.key_name or "mist", spec.public_key)
        if spec.location:
            wanted["zone"] = self._zone(spec.location)
        self._call("POST", "/server/cloud/", wanted)
        found = self.find_marked(spec.mark)
        if found is None:
            raise ProviderTimeout(f"NephoScale took the order for {spec.name}, but does not show the machine yet.")
        return found

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._call("POST", at("/server/cloud/{}/initiator/start/", external_id))

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._call("POST", at("/server/cloud/{}/initiator/stop/", external_id))

    def reboot(self, external_id: str) -> None:
        self.known(external_id)
        self._call("POST", at("/server/cloud/{}/initiator/restart/", external_id))

    def destroy(self, external_id: str) -> None:
        """The machine's own console key goes with it, if the vendor lets it."""
        try:
            machine = self.known(external_id)
            self._call("DELETE", at("/server/cloud/{}/", external_id))
        except ProviderNotFound:
            return
        for key, mark in self._marks().items():
            if mark == machine.mark:
                with contextlib.suppress(ProviderError):
                    self._call("DELETE", at("/key/password/{}/", str(key)))

    def _marks(self) -> dict[int, str]:
        """The marks by the ids of the console keys that are named after them."""
        keys = self._list("/key/password/")
        return {
            int(each["id"]): str(each["name"]).removeprefix(_MARK)
            for each in keys
            if str(each["name"]).startswith(_MARK)
        }

    def _console_key(self, mark: str) -> int:
        """The id of the key named after the mark; its password is told to nobody, the vendor keeps it."""
        known = next((id for id, each in self._marks().items() if each == mark), None)
        if known is not None:
            return known
        key = {"name": _MARK + mark, "password": secrets.token_hex(8), "key_group": _CONSOLE_KEY}
        return self._made("/key/password/", key)

    def _server_key(self, name: str, public: str) -> int:
        """The id of the key at NephoScale, brought there if need be. Keys are told apart by what they are."""
        known = self._list("/key/sshrsa/")
        body = " ".join(public.split()[:2])
        with understood(self._http.where):
            for each in known:
                if " ".join(str(each.get("public_key", "")).split()[:2]) == body:
                    return int(each["id"])
            if name in {each["name"] for each in known}:
                name = f"{name}-{secrets.token_hex(3)}"
        return self._made("/key/sshrsa/", {"name": name, "public_key": public.strip(), "key_group": _SERVER_KEY})

    def _zone(self, location: str) -> str:
        """The id of a zone that is told by its id, its name, or its position in the list."""
        known = self.list_locations()
        for each in known:
            if location in (each.id, each.name):
                return each.id
        if location.isdecimal() and int(location) < len(known):
            return known[int(location)].id
        names = ", ".join(each.name for each in known)
        raise InvalidInput(f"NephoScale has no location {location[:80]!r}; it has {names}.", field="location")

    def _made(self, path: str, wanted: Json) -> int:
        with understood(self._http.where):
            return int(self._call("POST", path, wanted)["data"]["id"])

    def _list(self, path: str) -> list[Json]:
        """All items. The vendor sends them in one answer, and says how many there are."""
        body = self._call("GET", path)
        found = body.get("data")
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise bad_answer(self._http.where)
        if body.get("total_count", len(found)) != len(found):
            raise bad_answer(self._http.where)
        return found

    def _call(self, method: str, path: str, wanted: Json | None = None) -> Json:
        """One call, its parameters sent as a form. The vendor says no in the body too, whatever the status."""
        headers, sent = self._headers, None
        if wanted is not None:
            headers, sent = {**headers, "Content-Type": "application/x-www-form-urlencoded"}, urlencode(wanted)
        answer = self._http.exchange(method, path, headers=headers, body=sent)
        if not 200 <= answer.status_code < 300:
            raise refusal(answer, self._dialect, self._http.where)
        if answer.status_code == 204:
            return {}
        body = decoded(answer.content, self._http.where)
        if not isinstance(body, dict) or "success" not in body:
            raise bad_answer(self._http.where)
        if not body["success"]:
            raise refused(_status(body), _said(body), self._dialect)
        return body


def _said(body: Json) -> Said:
    subcode = body.get("subcode")
    return Said(code=str(subcode) if subcode else "", words=str(body["message"]))


def _status(body: Json) -> int:
    told = body.get("response")
    return told if isinstance(told, int) else 400
