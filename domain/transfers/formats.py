"""Which reader understands which format."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

from domain.transfers.github import read_github
from domain.transfers.jira import read_jira
from domain.transfers.model import ImportFormat
from domain.transfers.records import IssueRecord, Loss


class Reader(Protocol):
    def __call__(
        self, lines: Iterable[bytes], *, skip: int, include_restricted: bool
    ) -> Iterator[IssueRecord | Loss | None]:
        """The items of the file after the first `skip`; None for a part of the file without an item."""
        ...


READERS: Mapping[ImportFormat, Reader] = MappingProxyType(
    {ImportFormat.GITHUB: read_github, ImportFormat.JIRA: read_jira}
)
