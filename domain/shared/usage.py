"""Port: the use of the database by accounts."""

from contextlib import AbstractContextManager
from typing import Protocol

from domain.shared.errors import RateLimited


class OverTime(RateLimited):
    """The account has used its database time."""

    def __init__(self, wait: float) -> None:
        super().__init__("Your requests have used too much time of the database.", wait)


class Usage(Protocol):
    """Use of the database by one request; `seconds` is the time of its reads so far, canceled ones included."""

    account: str
    seconds: float


class MeasureUsage(Protocol):
    def __call__(self, account: str) -> AbstractContextManager[Usage]:
        """Attributes the reads inside the block, also those of tasks started in it, to the account."""
        ...


class TimeBudget(Protocol):
    """Database time that accounts have, beside their points; it comes back with time."""

    def check(self, account: str) -> None:
        """Raises OverTime if this process knows that the account has no time left."""
        ...

    def charge(self, account: str, seconds: float) -> None:
        """Takes the database time of one request, except the part that is free, even if less is left."""
        ...
