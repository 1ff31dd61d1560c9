from collections.abc import AsyncIterator

import pytest

from domain.issues.model import Issue
from infra.jobs.in_process import job_leases
from infra.jobs.leases import SqlLeases
from infra.settings import Settings
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than three issues take a run, in batches of two."""
    monkeypatch.setattr("domain.shared.replacements.MOST_AT_ONCE", 3)
    monkeypatch.setattr("infra.batches.repository.BATCH_SIZE", 2)


@pytest.fixture
async def leases(settings: Settings) -> AsyncIterator[SqlLeases]:
    async with job_leases(settings) as leases:
        yield leases


@pytest.fixture
async def issues(world: World) -> list[Issue]:
    """Five issues in the state Todo and the milestone, one of them there from the beginning."""
    place = world.here
    more = [
        IssueFactory(
            project=place.project,
            state=place.todo,
            number=number,
            creator_id=place.issue.creator_id,
            milestone_id=place.milestone.id,
        )
        for number in range(2, 6)
    ]
    await world.store(*more)
    return [place.issue, *more]
