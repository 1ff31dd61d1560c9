"""The part of a Unit of Work that refuses to overwrite later changes."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from domain.audit.policies import EventVisibility, require_within
from domain.shared.actor import Actor
from domain.shared.conflicts import (
    ChangedMeanwhile,
    LaterChange,
    refuse_conflicts,
    refuse_reordering,
    sent_as,
    wanted_changes,
)
from domain.shared.events import FieldChange
from domain.shared.ids import is_id
from domain.shared.unset import Changes
from domain.shared.uow import NO_LINKS
from infra.audit.repository import SqlLaterChanges
from infra.db.write_connection import WriteConnection


class ConflictCheck:
    """Compares a write with the events after the revision that it expects."""

    visibility: ClassVar[EventVisibility] = EventVisibility.of(())
    """Visibility of events in an application, set by its Unit of Work (`infra/uow.py`)."""

    connection: WriteConnection
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
            names=sent_as(changes),
            is_shown=partial(self.visibility.shows, self._actor, before.workspace_id),
            expected=expected,
            current=span.last,
        )

    async def changed_meanwhile(
        self, workspace_id: str, edits: Iterable[tuple[Any, Any, Mapping[str, FieldChange]]], changes: Changes
    ) -> Mapping[str, ChangedMeanwhile]:
        expected = changes.expected_revision
        if expected is None:
            return {}
        wanted = {before.id: wanted_changes(before, after, changes, links) for before, after, links in edits}
        fields = {name for each in wanted.values() for name in each}
        span, found = await SqlLaterChanges(self.connection).of_all(workspace_id, wanted, fields, after=expected)
        require_within(span, expected, field="expected_revision")
        later: dict[str, list[LaterChange]] = {}
        for change in found:
            if change.field in wanted[change.subject_id]:
                later.setdefault(change.subject_id, []).append(change)
        is_shown = partial(self.visibility.shows, self._actor, workspace_id)
        names, conflicts = sent_as(changes), {}
        for id_, changed in later.items():
            try:
                refuse_conflicts(
                    wanted[id_], changed, names=names, is_shown=is_shown, expected=expected, current=span.last
                )
            except ChangedMeanwhile as error:
                conflicts[id_] = error
        return conflicts

    async def check_order_unchanged(self, ordered: Sequence[Any], field: str, changes: Changes) -> None:
        expected, wanted = changes.expected_revision, getattr(changes, field)
        if expected is None:
            return
        workspace_id, area_id, prefix = ordered[0].workspace_id, ordered[0].area_id, ordered[0].prefix
        current = [each.id for each in ordered]
        # Those that were deleted since are known only from the caller's order.
        known = {*current, *(each for each in wanted if is_id(each, prefix))}
        span, later = await SqlLaterChanges(self.connection).of_all(workspace_id, known, ("position",), after=expected)
        require_within(span, expected, field="expected_revision")
        own = [each for each in later if each.area_ids[-1] == area_id]
        refuse_reordering(field, current, wanted, own, expected=expected, current_revision=span.last)
