from collections.abc import Sequence
from typing import Protocol

from domain.shared.actor import Actor
from domain.shared.batches import BatchRun, BatchSkip
from domain.shared.pages import Page, PageRequest
from domain.workspaces.model import Workspace


class BatchRunReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, BatchRun]:
        """The runs that the actor started, and all runs of workspaces that the actor administers, by id."""
        ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], request: PageRequest
    ) -> Sequence[Page[BatchRun]]:
        """A page of the runs of each workspace that the actor may see, newest first."""
        ...

    async def skipped_of_runs(
        self, actor: Actor, runs: Sequence[BatchRun], request: PageRequest
    ) -> Sequence[Page[BatchSkip]]:
        """A page of the rows that each run has skipped so far, in the order of its rows."""
        ...
