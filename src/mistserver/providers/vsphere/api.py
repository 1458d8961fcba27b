"""One session at a vCenter: what its objects tell, page by page, and tasks waited for."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

from mistserver.domain.errors import MistError, ProviderNotFound, ProviderTimeout
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.vsphere import soap
from mistserver.providers.vsphere.settings import TITLE, Settings, url

_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_PAGE = 500
_MAX_PAGES = 2000

Told = dict[str, Any]  # property paths and their values; those that are not set are left out


class Api:
    """Signed in while open. Closed with `close`; one thread at a time."""

    def __init__(self, account: Account) -> None:
        settings: Settings = account.settings
        fingerprint = None if account.ca_pem else settings.fingerprint
        self._http = Http(account, url(settings), fingerprint=fingerprint)
        self.where = self._http.where
        self.timeout_s = account.timeout_s
        self._signed_in = False
        try:
            self._stub = soap.stub(self._http)
            self.content = self._content()
            self.content.sessionManager.Login(settings.username, settings.password, None)
            self._signed_in = True
        except BaseException:
            self._http.close()
            raise

    def close(self) -> None:
        """Sign out: a server keeps a limited number of sessions."""
        if self._signed_in:
            self._signed_in = False
            with contextlib.suppress(MistError):
                self.content.sessionManager.Logout()
        self._http.close()

    def object(self, kind: Any, id: str) -> Any:
        """The object with that id; ProviderNotFound for what cannot be one."""
        if not _ID.fullmatch(id):
            raise ProviderNotFound(f"{TITLE} has nothing with the id {id[:80]!a}.", id=id[:80])
        return kind(id, self._stub)

    def all(self, kind: Any, paths: Sequence[str]) -> list[tuple[Any, Told]]:
        """Every object of that kind with what it tells of itself, every page."""
        view = self.content.viewManager.CreateContainerView(self.content.rootFolder, [kind], True)
        try:
            return list(self._pages(self._spec(kind, paths, view)))
        finally:
            with contextlib.suppress(MistError):
                view.Destroy()

    def tell(self, object: Any, paths: Sequence[str]) -> Told:
        """What one object tells of itself. ProviderNotFound when it is gone."""
        found = list(self._pages(self._spec(type(object), paths, object)))
        if not found:
            raise ProviderNotFound(f"{TITLE} has no {object._moId} any more.", id=object._moId)
        return found[0][1]

    def finished(self, task: Any, timeout_s: float) -> Any:
        """Wait until a task is done; its result. What it says of a failure is an error of ours."""
        collector = self.content.propertyCollector
        watch = collector.CreateFilter(self._spec(type(task), ["info.state", "info.error", "info.result"], task), False)
        try:
            told: Told = {}
            for changed in self._changes(collector, timeout_s):
                told |= changed
                if str(told.get("info.state")) == "error":
                    raise soap.error_of(told.get("info.error"))
                if str(told.get("info.state")) == "success":
                    return told.get("info.result")
            raise ProviderTimeout(f"{self.where} was not done in time.", where=self.where)
        finally:
            with contextlib.suppress(MistError):
                watch.Destroy()

    def _changes(self, collector: Any, timeout_s: float) -> Iterator[Told]:
        """What a filter's objects tell anew, waited for at the server, until the time is over."""
        vmodl = soap.vmodl()

        version, until = "", time.monotonic() + timeout_s
        while (left_s := until - time.monotonic()) > 0:
            wait_s = max(1, min(round(left_s), int(self.timeout_s / 2)))
            options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=wait_s)
            update = collector.WaitForUpdatesEx(version, options)
            if update is None:
                continue
            version = update.version
            for each in (one for told in update.filterSet for one in told.objectSet):
                yield {change.name: change.val for change in each.changeSet}

    def _pages(self, spec: Any) -> Iterator[tuple[Any, Told]]:
        vmodl = soap.vmodl()

        collector = self.content.propertyCollector
        options = vmodl.query.PropertyCollector.RetrieveOptions(maxObjects=_PAGE)
        page = collector.RetrievePropertiesEx([spec], options)
        for _ in range(_MAX_PAGES):
            if page is None:
                return
            for each in page.objects:
                yield each.obj, {told.name: told.val for told in each.propSet}
            if not page.token:
                return
            page = collector.ContinueRetrievePropertiesEx(page.token)
        raise bad_answer(self.where)

    def _spec(self, kind: Any, paths: Sequence[str], start: Any) -> Any:
        """What is asked of an object, or of all objects of a view."""
        vim, vmodl = soap.vim(), soap.vmodl()

        query = vmodl.query.PropertyCollector
        wanted = query.PropertySpec(type=kind, pathSet=list(paths), all=False)
        first = query.ObjectSpec(obj=start, skip=False)
        if isinstance(start, vim.view.ContainerView):
            through = query.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
            first = query.ObjectSpec(obj=start, skip=True, selectSet=[through])
        return query.FilterSpec(propSet=[wanted], objectSet=[first])

    def _content(self) -> Any:
        vim = soap.vim()

        content = vim.ServiceInstance("ServiceInstance", self._stub).RetrieveContent()
        if content is None or content.sessionManager is None or content.propertyCollector is None:
            raise bad_answer(self.where)
        return content
