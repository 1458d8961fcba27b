"""The vendor's library `pyvmomi` on connections of ours: it writes requests and reads answers, and nothing else."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.parsers.expat import ExpatError

from mistserver.domain.errors import (
    AlreadyExists,
    Conflict,
    InvalidInput,
    MistError,
    ProviderAuthFailed,
    ProviderNotFound,
    ProviderQuota,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnreachable,
)
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, vendors_words
from mistserver.providers.rest import Dialect, refusal
from mistserver.providers.vsphere.settings import TITLE

_VERSION = "vim.version.version9"  # of API 5.5, which every newer server speaks too
_PATH = "/sdk"
_DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_END = re.compile(rb"</(\w+:)?Envelope>\s*\Z")
_DIALECT = Dialect(TITLE, lambda body: None)

# The vendor's faults, the narrower first; the first that fits counts.
_FAULTS: tuple[tuple[str, type[MistError]], ...] = (
    ("vim.fault.InvalidLogin", ProviderAuthFailed),
    ("vim.fault.NoPermission", ProviderAuthFailed),
    ("vim.fault.NotAuthenticated", ProviderAuthFailed),
    ("vim.fault.DuplicateName", AlreadyExists),
    ("vim.fault.AlreadyExists", AlreadyExists),
    ("vmodl.fault.ManagedObjectNotFound", ProviderNotFound),
    ("vim.fault.NotFound", ProviderNotFound),
    ("vim.fault.FileNotFound", ProviderNotFound),
    ("vim.fault.InsufficientResourcesFault", ProviderQuota),
    ("vim.fault.NoDiskSpace", ProviderQuota),
    ("vim.fault.VmLimitLicense", ProviderQuota),
    ("vim.fault.InvalidPowerState", Conflict),
    ("vim.fault.TaskInProgress", Conflict),
    ("vim.fault.ConcurrentAccess", Conflict),
    ("vim.fault.Timedout", ProviderTimeout),
    ("vmodl.fault.SystemError", ProviderUnreachable),
    ("vmodl.fault.HostCommunication", ProviderUnreachable),
    ("vmodl.fault.MethodNotFound", ProviderRejected),
    ("vmodl.fault.InvalidRequest", ProviderRejected),
    ("vmodl.fault.InvalidArgument", ProviderRejected),
)


def vim() -> Any:
    """The library's names of the API's types."""
    from pyVmomi import vim as found

    return found


def vmodl() -> Any:
    """The library's names of the types below the API's."""
    from pyVmomi import vmodl as found

    return found


def stub(http: Http) -> Any:
    """What the library calls a stub: every call of its objects goes through it."""
    return _stub_class()(http)


def error_of(fault: Any) -> MistError:
    """The error of ours for a fault of the vendor's, as a call or a task tells it."""
    kind = next((ours for name, ours in _FAULTS if isinstance(fault, _type(name))), ProviderRejected)
    name = type(fault).__name__.rpartition(".")[2]
    words = vendors_words(str(getattr(fault, "msg", None) or "")) or name
    if kind is ProviderAuthFailed and name == "InvalidLogin":
        return kind(f"{TITLE} does not accept the user or the password.", vendor_code=name)
    sentences: dict[type[MistError], str] = {
        ProviderAuthFailed: "does not allow that to this user",
        ProviderQuota: "has no room for that",
        ProviderNotFound: "does not know that",
        ProviderUnreachable: "has a fault of its own",
    }
    return kind(f"{TITLE} {sentences.get(kind, 'refused')} ({name}): {words}", vendor_code=name)


def _type(name: str) -> Any:
    from pyVmomi import VmomiSupport

    library: Any = VmomiSupport
    return library.GetVmodlType(name)


@cache
def _stub_class() -> Any:
    from pyVmomi import SoapAdapter

    library: Any = SoapAdapter

    class Stub(library.SoapStubAdapterBase):  # type: ignore[misc]
        def __init__(self, http: Http) -> None:
            super().__init__(_VERSION)
            self.http = http
            self.requestContext: dict[str, str] = {}

        def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:
            """A call, as the library's objects make it."""
            try:
                body = self.SerializeRequest(mo, info, args)
            except (TypeError, ValueError, UnicodeError):
                raise InvalidInput(f"{TITLE} cannot be asked that.") from None
            headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": self.versionId}
            answer = self.http.exchange("POST", _PATH, headers=headers, body=body)
            found = self._read(answer, info)
            if isinstance(found, Exception):
                raise error_of(found)
            return found

        def _read(self, answer: Any, info: Any) -> Any:
            where, content = self.http.where, answer.content
            told = re.search(rb"<(\w+:)?(Fault|%s)[\s/>]" % f"{info.wsdlName}Response".encode(), content)
            if answer.status_code not in (200, 500) or (answer.status_code == 500 and told is None):
                raise refusal(answer, _DIALECT, where)
            if told is None or not _END.search(content) or _DTD.search(content[:1024]):
                raise bad_answer(where, content)
            try:
                found = library.SoapResponseDeserializer(self).Deserialize(content, info.result)
            except (ExpatError, TypeError, ValueError, LookupError, AttributeError, UnicodeError, RecursionError):
                raise bad_answer(where, content) from None
            if answer.status_code == 500 and not isinstance(found, Exception):
                raise bad_answer(where, content)
            return found

    return Stub
