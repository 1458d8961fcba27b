"""What every handler may ask for by a parameter's type: the parts of the service, and who asks."""

from __future__ import annotations

from typing import Annotated

from litestar.params import Dependency

from mistserver.domain.account import Actor
from mistserver.services.context import Context

Ctx = Annotated[Context, Dependency(skip_validation=True)]
Who = Annotated[Actor, Dependency(skip_validation=True)]
