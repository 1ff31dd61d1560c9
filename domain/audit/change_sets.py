"""Change sets: all changes of one request and of the job that it started, and whether an actor can undo them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.shared.actor import Actor, Cause, Permission
from domain.shared.pages import MOST_COUNTED
from domain.shared.slices import Slice
from domain.shared.undo import Obstacle, UndoRule

UNDOABLE_FOR = timedelta(days=30)
"""Age up to which users can undo their own change sets; admins can undo older ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetFacts:
    """Facts of the log about a change set, as far as an actor sees it.

    Events of its commit follow the revision `after` up to `revision`, and those of its job come later. `counts` are
    numbers of visible events by type, of imports and seeds up to 10,000.
    """

    workspace_id: str
    revision: int
    after: int
    actor_id: str | None
    cause: Cause
    occurred_at: datetime
    is_undone: bool
    is_unfinished: bool
    counts: Mapping[str, int]
    is_partly_hidden: bool

    @property
    def event_count(self) -> int | None:
        """Number of visible events. None for imports and seeds with more than 10,000."""
        count = sum(self.counts.values())
        return None if self.is_quiet and count > MOST_COUNTED else count

    @property
    def is_quiet(self) -> bool:
        """Whether the changes belong to an import or to demo data, which cannot be undone."""
        return self.cause in (Cause.IMPORT, Cause.SEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change set as an actor sees it. `id` is unique on the server, `revision` in the workspace."""

    id: str
    workspace_id: str
    revision: int
    after: int
    actor_id: str | None
    cause: Cause
    occurred_at: datetime
    event_count: int | None
    types: frozenset[str]
    """Types of the visible events."""
    reasons: Sequence[Obstacle]

    @classmethod
    def of(cls, facts: ChangeSetFacts, reasons: Sequence[Obstacle]) -> "ChangeSet":
        return cls(
            id=f"{facts.workspace_id}:{facts.revision}",
            workspace_id=facts.workspace_id,
            revision=facts.revision,
            after=facts.after,
            actor_id=facts.actor_id,
            cause=facts.cause,
            occurred_at=facts.occurred_at,
            event_count=facts.event_count,
            types=frozenset(facts.counts),
            reasons=reasons,
        )

    @property
    def is_undoable(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPolicy:
    """Rules by which change sets can be undone: those of all slices by event type, and the permission of admins."""

    by_type: Mapping[str, UndoRule]
    any_change_set: Permission

    @classmethod
    def of(cls, slices: Iterable[Slice], *, any_change_set: Permission) -> "UndoPolicy":
        rules = {event.type: rule for each in slices for event, rule in each.undo.items()}
        return cls(by_type=rules, any_change_set=any_change_set)

    def obstacles(self, actor: Actor, facts: ChangeSetFacts, *, now: datetime) -> Sequence[Obstacle]:
        """Reasons why the actor cannot undo the change set; empty if nothing is in the way.

        Later changes of the same fields are no obstacle: they are conflicts, which the undo itself finds.
        """
        found = {*self._of_changes(actor, facts), *self._of_actor(actor, facts, now)}
        return [obstacle for obstacle in Obstacle if obstacle in found]

    def _of_changes(self, actor: Actor, facts: ChangeSetFacts) -> Iterator[Obstacle]:
        if facts.is_quiet:
            yield Obstacle.IMPORTED
        if facts.is_undone:
            yield Obstacle.ALREADY_UNDONE
        if facts.is_unfinished:
            yield Obstacle.UNFINISHED
        rules = [self.by_type.get(type_, Obstacle.UNSUPPORTED) for type_ in facts.counts]
        if not any(rules):
            yield Obstacle.UNSUPPORTED
        yield from (rule for rule in rules if isinstance(rule, Obstacle))
        permissions = (rule for rule in rules if isinstance(rule, Permission))
        if facts.is_partly_hidden or not all(actor.is_allowed(each, facts.workspace_id) for each in permissions):
            yield Obstacle.PERMISSION_DENIED

    def _of_actor(self, actor: Actor, facts: ChangeSetFacts, now: datetime) -> Iterator[Obstacle]:
        if actor.is_allowed(self.any_change_set, facts.workspace_id):
            return
        if facts.actor_id is None or facts.actor_id != actor.user_id:
            yield Obstacle.NOT_YOUR_OWN
        if now - facts.occurred_at > UNDOABLE_FOR:
            yield Obstacle.TOO_OLD
