"""The part of a Unit of Work that refuses to overwrite later changes."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit.policies import EventVisibility, require_within
from domain.shared.actor import Actor
from domain.shared.conflicts import refuse_conflicts, wanted_changes
from domain.shared.events import FieldChange
from domain.shared.unset import Changes
from domain.shared.uow import NO_LINKS
from infra.audit.repository import SqlLaterChanges


class ConflictCheck:
    """Compares a write with the events after the revision that it expects."""

    visibility: ClassVar[EventVisibility] = EventVisibility.of(())
    """Visibility of events in an application, set by its Unit of Work (`infra/uow.py`)."""

    connection: AsyncConnection
    _actor: Actor

    async def check_unchanged(
        self, before: Any, after: Any, changes: Changes, *, links: Mapping[str, FieldChange] = NO_LINKS
    ) -> None:
        expected = changes.expected_revision
        if expected is None:
            return
        wanted = wanted_changes(before, after, changes, links)
        span, later = await SqlLaterChanges(self.connection).of(before, wanted, after=expected)
        require_within(span, expected, field="expected_revision")
        refuse_conflicts(
            wanted,
            later,
            is_shown=partial(self.visibility.shows, self._actor, before.workspace_id),
            expected=expected,
            current=span.last,
        )
