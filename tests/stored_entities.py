"""Puts what factories built into the database, through the repositories, in any order of kinds."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.accounts.model import User
from domain.auth.model import Session
from domain.shared.batches import BatchRun
from domain.workspaces.model import Invitation, Member, Workspace
from infra.accounts.repository import SqlUserRepository
from infra.auth.repository import SqlSessionRepository
from infra.batches.repository import SqlBatchRunRepository
from infra.db.list_sizes import ListSizes
from infra.db.repository import SqlParentRepository
from infra.workspaces.repository import SqlInvitationRepository, SqlMemberRepository, SqlWorkspaceRepository
from tests.commit_log import write_sizes

Repositories = Mapping[type, Any]
"""Class of the repository by entity, each entity after those that it refers to."""

PLATFORM: Repositories = MappingProxyType(
    {
        User: SqlUserRepository,
        Session: SqlSessionRepository,
        Workspace: SqlWorkspaceRepository,
        Member: SqlMemberRepository,
        Invitation: SqlInvitationRepository,
        BatchRun: SqlBatchRunRepository,
    }
)


def opened(repository: Any, connection: AsyncConnection, sizes: ListSizes) -> Any:
    return repository(connection, sizes) if issubclass(repository, SqlParentRepository) else repository(connection)


async def add_entities(connection: AsyncConnection, repositories: Repositories, entities: Iterable[Any]) -> None:
    """Stores the entities with the sizes of their lists."""
    sizes, entities = ListSizes(), list(entities)
    for kind, repository in repositories.items():
        await opened(repository, connection, sizes).add_all([each for each in entities if isinstance(each, kind)])
    await write_sizes(connection, sizes)


async def store(engine: AsyncEngine, *entities: Any) -> None:
    """Stores entities of the platform."""
    async with engine.begin() as connection:
        await add_entities(connection, PLATFORM, entities)
