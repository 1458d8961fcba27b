"""What every handler may ask for by a parameter's type: the parts of the service, and who asks."""

from __future__ import annotations

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from mistserver.domain.account import Actor
from mistserver.services.context import Context

Ctx = NamedDependency[SkipValidation[Context]]
Who = NamedDependency[SkipValidation[Actor]]
