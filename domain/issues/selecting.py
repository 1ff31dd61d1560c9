"""Selection of the issues of a batch, and the rules for the number of issues that a filter finds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.issues.batch_commands import IssueBatchUpdate
from domain.issues.ports import IssueUow
from domain.shared.actor import Actor
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.errors import Conflict, DomainError, ErrorCode, InvalidInput, LimitExceeded, Rejected
from domain.shared.many import OnError, below
from domain.shared.unset import UNSET

MOST_UNCONFIRMED = 250
"""Issues that a filter may find without an expected count, which protects from filters that lack a condition."""

MOST_TEXT = 16 * 1024 * 1024
"""Bytes of text that a change gives to the issues that are changed together, each of which stores its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Ids of selected issues, all of them unless there are more than are changed at once, and their number."""

    ids: Sequence[str]
    count: int

    @property
    def takes_a_run(self) -> bool:
        return self.count > MOST_AT_ONCE


async def select(uow: IssueUow, actor: Actor, command: IssueBatchUpdate) -> Selected:
    """Finds the issues of the command; raises DomainError or Rejected if a filter finds another number than allowed."""
    wanted = command.select
    if wanted.filter is None:
        if command.expected_count is not None:
            message = "{field} can only be used with {other}. Omit it."
            raise InvalidInput(message, path=("expected_count",), other="filter")
        ids = wanted.ids or ()
        check_text(command, len(ids))
        return Selected(ids=ids, count=len(ids))
    with below("select"):
        found = await uow.matching_issues.ids(actor, command.workspace_id, wanted.filter, most=MOST_AT_ONCE + 1)
        count = len(found)
        if count > MOST_AT_ONCE:
            count = max(count, await uow.matching_issues.count(actor, command.workspace_id, wanted.filter))
    check_count(command, count)
    check_text(command, count)
    return Selected(ids=found, count=count)


def check_count(command: IssueBatchUpdate, count: int) -> None:
    """Raises Rejected for a filter that finds another number of issues than the command allows."""
    errors = tuple(_faults(command, count))
    if errors:
        raise Rejected(errors)


def check_text(command: IssueBatchUpdate, count: int) -> None:
    """Raises LimitExceeded for a description that is too long for that number of issues."""
    text = command.change.description
    if text is UNSET:
        return
    if len(text.encode(errors="surrogatepass")) * min(count, MOST_AT_ONCE) > MOST_TEXT:
        most = f"{MOST_TEXT // 1024 // 1024} MB"
        message = f"{{field}} must have at most {most} for all issues together. Shorten it, or select fewer issues."
        raise LimitExceeded(message, path=("change", "description"))


def _faults(command: IssueBatchUpdate, count: int) -> Iterator[DomainError]:
    expected, path = command.expected_count, ("expected_count",)
    found = f"The filter finds {count:,} {'issue' if count == 1 else 'issues'}"
    if expected is None and count > MOST_UNCONFIRMED:
        yield InvalidInput(f"{found}. Send this number as {{field}}.", path=path, code=ErrorCode.REQUIRED)
    if expected is not None and expected != count:
        yield Conflict(
            f"{found}, not {expected:,}. Check the filter, or send the number found as {{field}}.", path=path
        )
    if count > MOST_AT_ONCE and command.on_error is OnError.ALL_OR_NOTHING:
        message = f"{found}. At most {MOST_AT_ONCE:,} are changed together or not at all. Send `SKIP` as {{field}}."
        yield LimitExceeded(message, path=("on_error",))
