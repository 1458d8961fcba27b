"""The client: signs in once, then gives the service's nouns as objects."""

from __future__ import annotations

from typing import Any

from mistclient.accounts import Accounts
from mistclient.alerts import Alerts
from mistclient.config import Config, clean_uri
from mistclient.declarations import Declarations
from mistclient.errors import NotSignedIn
from mistclient.lists import CallableList, matches
from mistclient.model.backend import Backend, matches_backend, matches_machine
from mistclient.model.key import Key
from mistclient.model.machine import Machine
from mistclient.runs import Runs
from mistclient.transport import Transport, segment


class MistClient(Accounts, Runs, Alerts):
    """A connection to one Mist service as one user.

    Without arguments it uses `MIST_URI`, `MIST_TOKEN` (or `MIST_EMAIL` and `MIST_PASSWORD`) and the file `~/.mist`, in
    this order; arguments win over both. With an email and a password it signs in at once; with a token it does not
    talk before it has to. `verify` is False, or a file of CA certificates to trust.
    """

    def __init__(
        self,
        mist_uri: str | None = None,
        email: str | None = None,
        password: str | None = None,
        verify: bool | str = True,
        api_token: str | None = None,
    ) -> None:
        config = Config.read()
        self.uri = clean_uri(mist_uri or config.uri)
        trust = config.ca_file or True if verify is True else verify
        given = config.token(self.uri) if api_token is None and email is None else api_token
        self.email = email or config.email
        self.transport = Transport(self.uri, given, trust)
        self.declarations = Declarations(self.providers)
        self._backends: list[Backend] | None = None
        self._keys: list[Key] | None = None
        self._machines: list[Machine] | None = None
        if given is None:
            self._sign_in_at_once(email, password, config)

    def _sign_in_at_once(self, email: str | None, password: str | None, config: Config) -> None:
        secret = password or (None if email and email != config.email else config.password)
        if self.email and secret:
            self.sign_in(self.email, secret)
            known = self.email, secret
            self.transport.renew = lambda: self.sign_in(*known)
        elif email:
            raise NotSignedIn(f"A password is missing for {email}; give it with password=, or an api_token.")

    def __repr__(self) -> str:
        return f"MistClient => {self.uri}, {self.email or 'no user'}"

    @property
    def api_token(self) -> str | None:
        return self.transport.token

    def request(self, method: str, path: str, query: dict[str, Any] | None = None, body: Any = None) -> Any:
        """Any call of the REST API: `client.request("GET", "/jobs", {"state": "failed"})`."""
        return self.transport.call(method, path, query, body)

    def close(self) -> None:
        self.transport.close()

    def providers(self) -> list[dict[str, Any]]:
        """Every provider with its regions and settings, as the service declares them."""
        return list(self.transport.call("GET", "/providers")["items"])

    @property
    def supported_providers(self) -> list[dict[str, Any]]:
        """Every provider as `{"provider", "title", "regions": [{"id", "location"}]}`."""
        return [
            {
                "provider": item["id"],
                "regions": [{"id": region["id"], "location": region["title"]} for region in item["regions"]],
                "title": item["title"],
            }
            for item in self.providers()
        ]

    @property
    def backends(self) -> CallableList[Backend]:
        """All backends; call it to pick: `backends(id=...)`, `(name=...)`, `(provider=...)`, `(search=...)`."""
        if self._backends is None:
            self._backends = [Backend(self, record) for record in self.transport.pages("/backends")]
        return CallableList(self._backends, "backends", matches_backend)

    def update_backends(self) -> CallableList[Backend]:
        self.forget_backends()
        return self.backends

    def forget_backends(self) -> None:
        self._backends = None
        self._machines = None

    def backend(self, backend_id: str) -> Backend:
        return Backend(self, self.transport.call("GET", f"/backends/{segment(backend_id)}"))

    def backend_from_id(self, backend_id: str) -> Backend | None:
        return next(iter(self.backends(id=backend_id)), None)

    def backend_from_name(self, name: str) -> Backend | None:
        return next(iter(self.backends(name=name)), None)

    def backend_from_provider(self, provider: str) -> Backend | None:
        return next(iter(self.backends(provider=provider)), None)

    def search_backend(self, term: str) -> Backend | None:
        """The backend with this id, name or provider, tried in turn."""
        return self.backend_from_id(term) or self.backend_from_name(term) or self.backend_from_provider(term)

    def add_backend(self, provider: str, title: str | None = None, **settings: Any) -> Backend:
        """Add a backend; the service tries the credentials first.

        `settings` are what the provider declares (see `providers()`; files go as their content), and for every
        provider `region`, `endpoint`, `ca_pem`, `jump_host` and `address_use` where they apply.
        """
        name = title if title is not None else settings.pop("name", None)
        body = self.declarations.backend_body(provider, name, settings)
        record = self.transport.call("POST", "/backends", body=body, timeout_s=180.0)
        self.forget_backends()
        return Backend(self, record)

    @property
    def keys(self) -> CallableList[Key]:
        """All keys; call it to pick: `keys(id=...)` or `(name=...)`, `(search=...)`."""
        if self._keys is None:
            self._keys = [Key(self, record) for record in self.transport.pages("/keys")]
        return CallableList(self._keys, "keys", matches_key)

    def update_keys(self) -> CallableList[Key]:
        self.forget_keys()
        return self.keys

    def forget_keys(self) -> None:
        self._keys = None

    def generate_key(self, algorithm: str | None = None) -> str:
        """A new private key; nothing is stored."""
        body = {"algorithm": algorithm} if algorithm else {}
        return str(self.transport.call("POST", "/key-pairs", body=body)["private"])

    def add_key(
        self, key_name: str, private: str | None = None, passphrase: str | None = None, algorithm: str | None = None
    ) -> Key:
        """Upload a private key, or without one have the service make it (`ed25519` or `rsa`) and keep it."""
        body: dict[str, Any] = {"name": key_name}
        if private is not None:
            body["private"] = private
            if passphrase is not None:
                body["passphrase"] = passphrase
        else:
            body["generate"] = {"algorithm": algorithm} if algorithm else {}
        record = self.transport.call("POST", "/keys", body=body)
        self.forget_keys()
        return Key(self, record)

    @property
    def machines(self) -> CallableList[Machine]:
        """The machines of all backends; call it to pick: `machines(id=...)`, `(name=...)`, `(search=...)`."""
        if self._machines is None:
            self._machines = [Machine(self, record) for record in self.transport.pages("/machines")]
        return CallableList(self._machines, "machines", matches_machine)

    def update_machines(self) -> CallableList[Machine]:
        """Have every backend read again, then list."""
        records = self.transport.pages("/machines", {"refresh": True})
        self._machines = [Machine(self, record) for record in records]
        return self.machines

    def forget_machines(self) -> None:
        self._machines = None

    def machine(self, machine_id: str) -> Machine:
        return Machine(self, self.transport.call("GET", f"/machines/{segment(machine_id)}"))

    def monitored(self) -> list[dict[str, Any]]:
        """Every monitored machine with its `metrics` just now, by id (None without a value).

        `newest_at` is the moment of its newest sample, `age_s` how long ago that was; `silent`: too long ago.
        """
        return list(self.transport.call("GET", "/monitoring")["items"])

    def machine_page(self, **query: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The machines that match, and how each backend was read.

        `backend`, `tag`, `state`, `search`, `refresh`; `sort` is a field, or `FIELD:desc`. With `monitoring=True` each
        machine has a `monitoring`: how its samples come just now, None where it is not monitored.
        """
        return self._across_backends("/machines", {"limit": 1000, **query})

    def size_page(self, **query: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The sizes of all backends (`sort`, `refresh`), and how each of these backends was read."""
        return self._across_backends("/sizes", {"limit": 10_000, **query})

    def _across_backends(self, path: str, query: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        items: list[dict[str, Any]] = []
        backends: list[dict[str, Any]] = []
        asked = dict(query)
        while True:
            page = self.transport.call("GET", path, asked, timeout_s=120.0)
            items.extend(_with_monitoring(page["items"], page.get("monitoring")))
            backends = backends or page.get("backends") or []
            cursor = page.get("next_cursor")
            if not cursor:
                return items, backends
            asked = {**asked, "refresh": None, "cursor": cursor}

    def select(self, noun: str, term: str) -> tuple[str, list[dict[str, Any]]]:
        """What a typed name stands for among `backends`, `machines`, `keys`, `users` or `tokens`: level, candidates."""
        answer = self.transport.call("GET", f"/{noun}", {"select": term})
        return str(answer["level"]), list(answer["items"])


def _with_monitoring(items: list[dict[str, Any]], heard: dict[str, Any] | None) -> list[dict[str, Any]]:
    return items if heard is None else [{**item, "monitoring": heard.get(str(item["id"]))} for item in items]


def matches_key(key: Key, name: str, wanted: str) -> bool:
    own = (key.name, key.id)
    return matches({"id": own, "name": (key.name,), "search": own}, name, wanted)
