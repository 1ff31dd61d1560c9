"""Reading of the issues of a file, in order, for every supported shape."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from domain.shared.files import FileTooLarge
from domain.transfers.errors import ACCEPTED, WrongKind
from domain.transfers.records import Item, Loss, LossCode, breaks_off
from domain.transfers.sanitizing import clean_line
from infra.transfers.encodings import utf8_chunks
from infra.transfers.json_walk import (
    BrokenDocumentError,
    Element,
    Shape,
    TooManyLinesError,
    UnknownDocumentError,
    elements,
)
from infra.transfers.reading import LONGEST_LABEL, MOST_UNKNOWN_FIELDS
from infra.transfers.reasons import NO_EQUIVALENT

OTHERS_AT_ONCE = 100  # elements other than issues per turn; together they take less than a millisecond


class IssueReader(Protocol):
    """Understands one format."""

    @property
    def shape(self) -> Shape: ...

    def issue(self, element: Element) -> Item:
        """The issue, or the reason why it cannot be read."""
        ...

    def note(self, element: Element) -> bool:
        """Reads a member of an object around the issues; False if the member has no meaning."""
        ...

    def losses(self, issues: int) -> Sequence[Loss]:
        """Losses to report at the end of a file with that number of issues."""
        ...


def read_items(reader: IssueReader, chunks: Iterable[bytes], *, skip: int) -> Iterator[Item | None]:
    """One item per issue, in order, followed by losses outside the issues and the point where a file breaks off.

    The first `skip` items are skipped unread. None marks a part of the file without an item, so that the caller can
    yield to other tasks. Raises WrongKind if the file holds no issues at all, and FileTooLarge.
    """
    issues = others = 0
    unknown: Counter[str] = Counter()
    ends: list[Loss] = []
    try:
        for element in elements(utf8_chunks(chunks), reader.shape):
            if element is None:
                yield None
            elif element.is_issue:
                issues += 1
                yield reader.issue(element) if issues > skip else None
            else:
                others += 1
                if not reader.note(element) and len(unknown) < MOST_UNKNOWN_FIELDS:
                    unknown[clean_line(element.member, longest=LONGEST_LABEL).text] += 1
                if not others % OTHERS_AT_ONCE:
                    yield None
    except UnknownDocumentError as error:
        raise WrongKind(f"{error} {ACCEPTED}") from error
    except TooManyLinesError as error:
        raise FileTooLarge(str(error)) from error
    except BrokenDocumentError as error:
        if not issues:
            raise WrongKind(f"The file cannot be read. Line {error.line:,}: {error.reason} {ACCEPTED}") from error
        ends.append(breaks_off(error.line, error.reason))
    losses = [_not_kept(name, count) for name, count in unknown.items()]
    yield from [*losses, *reader.losses(issues), *ends][max(skip - issues, 0) :]


def _not_kept(name: str, count: int) -> Loss:
    reason = NO_EQUIVALENT
    return Loss(line=1, key=None, field=name, code=LossCode.NOT_KEPT, reason=reason, count=count)
