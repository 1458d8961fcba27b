"""What every operation is handed first: the parts of the running service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistserver.jobs.engine import Jobs
    from mistserver.monitoring.opening import Metrics
    from mistserver.services.providers import Providers
    from mistserver.settings import Settings
    from mistserver.ssh.pool import Pool
    from mistserver.store.database import Database
    from mistserver.store.secrets import Vault


@dataclass(frozen=True)
class Context:
    """Made once by `app`; seven parts and no more."""

    settings: Settings
    database: Database
    vault: Vault
    ssh: Pool
    jobs: Jobs
    providers: Providers
    metrics: Metrics

    def now(self) -> datetime:
        return datetime.now(UTC)
