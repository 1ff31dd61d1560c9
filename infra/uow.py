"""One transaction per use case: its rows, its events with their revisions, its jobs, or nothing."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Actor, Scope
from domain.shared.clock import Clock
from domain.shared.ids import IdFactory
from infra.accounts.slice import AccountRepositories
from infra.audit.slice import AuditRepositories
from infra.auth.slice import AuthRepositories
from infra.comments.slice import CommentRepositories
from infra.commits import Committed, SqlCommit
from infra.db.engine import database_errors
from infra.documents.slice import DocumentRepositories
from infra.issues.slice import IssueRepositories
from infra.labels.slice import LabelRepositories
from infra.milestones.slice import MilestoneRepositories
from infra.projects.slice import ProjectRepositories
from infra.seed.slice import SeedRepositories
from infra.transfers.slice import TransferRepositories
from infra.workspaces.slice import WorkspaceRepositories


class SqlUow(
    DocumentRepositories,
    AccountRepositories,
    AuthRepositories,
    WorkspaceRepositories,
    AuditRepositories,
    LabelRepositories,
    ProjectRepositories,
    MilestoneRepositories,
    IssueRepositories,
    CommentRepositories,
    SeedRepositories,
    TransferRepositories,
    SqlCommit,
):
    """Satisfies every slice's narrow UoW protocol."""


class SqlUowFactory:
    """Opens Units of Work and tells of what they committed, without waiting for anybody to hear it."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        ids: IdFactory,
        after_commit: Callable[[Committed], None],
        *,
        make_way: Callable[[], None] = lambda: None,
    ) -> None:
        """`make_way` is called before each Unit of Work waits for its connection."""
        self._engine = engine
        self._make_way = make_way
        self._clock = clock
        self._ids = ids
        self._after_commit = after_commit

    @asynccontextmanager
    async def __call__(self, actor: Actor) -> AsyncIterator[SqlUow]:
        actor.require_scope(Scope.WRITE)
        self._make_way()
        with database_errors():
            async with self._engine.connect() as connection:
                uow = SqlUow(connection, actor, self._clock, self._ids)
                await uow.begin()
                yield uow
        if uow.committed is not None:
            self._after_commit(uow.committed)
