"""Port: the use of the database by one account."""

from contextlib import AbstractContextManager
from typing import Protocol


class Usage(Protocol):
    """Use of the database by one request."""

    account: str


class MeasureUsage(Protocol):
    def __call__(self, account: str) -> AbstractContextManager[Usage]:
        """Attributes the reads inside the block, also those of tasks started in it, to the account."""
        ...
