from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.issues.model import Issue
from tests.factories.accounts import UserFactory
from tests.factories.workspaces import WorkspaceFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import store


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def issue(engine: AsyncEngine) -> Issue:
    """An issue of a workspace of its own that is not stored yet."""
    return await _issue(engine)


@pytest.fixture
async def other_issue(engine: AsyncEngine) -> Issue:
    """An issue of another workspace that is not stored yet."""
    return await _issue(engine)


async def _issue(engine: AsyncEngine) -> Issue:
    user, workspace = UserFactory(), WorkspaceFactory()
    project = ProjectFactory(workspace=workspace)
    state = StateFactory(project=project)
    await store(engine, user, workspace, project, state)
    made: Issue = IssueFactory(project=project, state=state, creator_id=user.id, title="Blue door")
    return made
