from collections.abc import Sequence

from domain.audit.change_sets import ChangeSet, UndoPolicy
from domain.audit.errors import RevisionGone
from domain.audit.policies import require_visible
from domain.audit.ports import ChangeSetReader
from domain.audit.service import LARGEST_REVISION
from domain.shared.actor import Actor
from domain.shared.clock import Clock
from domain.workspaces.model import Workspace


class ChangeSetService:
    """Reads change sets, and says whether the actor can undo them."""

    def __init__(self, reader: ChangeSetReader, rules: UndoPolicy, clock: Clock) -> None:
        self._reader = reader
        self._rules = rules
        self._clock = clock

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], *, revision: int
    ) -> Sequence[ChangeSet | None]:
        """The change set of each workspace with that revision.

        None for a revision that is no change set, and for one of which the actor sees nothing. Raises RevisionGone for
        one that was deleted from the log.
        """
        await actor.reach_workspaces(workspace.id for workspace in workspaces)
        return [await self._of(actor, workspace, revision) for workspace in workspaces]

    async def _of(self, actor: Actor, workspace: Workspace, revision: int) -> ChangeSet | None:
        require_visible(actor, workspace.id)
        if not 0 < revision <= LARGEST_REVISION:
            return None
        span, facts = await self._reader.by_revision(actor, workspace, revision)
        if revision < span.first:
            message = f"This change set has been deleted. The change log begins at revision {span.first}."
            raise RevisionGone(span.first, path=("id",), message=message)
        if facts is None or not facts.counts:
            return None
        return ChangeSet.of(facts, self._rules.obstacles(actor, facts, now=self._clock.now()))
