"""Why work stops without having failed. None is an Exception, so that no handler swallows one by accident."""

from __future__ import annotations


class Stopped(BaseException):
    """Base of the three."""


class JobCancelled(Stopped):
    """The user asked for the end of this job."""


class Draining(Stopped):
    """The service stops; the job stays resumable."""


class Fenced(Stopped):
    """Another service may have taken this one's jobs over: nothing more may be done here."""
