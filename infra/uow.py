"""One transaction per use case: its rows, events with revisions, and jobs are committed together or not at all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from functools import cache
from typing import cast

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.audit.policies import EventVisibility
from domain.shared.actor import Actor, Scope
from domain.shared.clock import Clock
from domain.shared.ids import IdFactory
from domain.shared.slices import once, reactions_of, undo_kinds_of
from infra.accounts.slice import AccountRepositories
from infra.audit.conflicts import ConflictCheck
from infra.audit.slice import AuditRepositories
from infra.auth.slice import AuthRepositories
from infra.batches.slice import BatchRepositories
from infra.comments.slice import CommentRepositories
from infra.commits import Committed, SqlCommit
from infra.db.engine import database_errors
from infra.db.first_use import Repositories, first_use
from infra.db.statement_trace import ContextStatementTrace
from infra.db.write_connection import WriteConnection, WriteConnections
from infra.documents.slice import DocumentRepositories
from infra.issues.slice import IssueRepositories
from infra.labels.slice import LabelRepositories
from infra.metadata import sorted_tables_of
from infra.milestones.slice import MilestoneRepositories
from infra.parts import SliceAdapters
from infra.projects.slice import ProjectRepositories
from infra.seed.slice import SeedRepositories
from infra.slices import PLATFORM, TRACKER
from infra.transfers.slice import TransferRepositories
from infra.undo.slice import UndoRepositories
from infra.workspaces.areas import NoAreas, NoFiles
from infra.workspaces.slice import WorkspaceRepositories

Remember = Callable[[Collection[str]], Awaitable[None]]


class SqlUow(
    DocumentRepositories,
    AccountRepositories,
    AuthRepositories,
    WorkspaceRepositories,
    AuditRepositories,
    BatchRepositories,
    UndoRepositories,
    LabelRepositories,
    ProjectRepositories,
    MilestoneRepositories,
    IssueRepositories,
    CommentRepositories,
    SeedRepositories,
    TransferRepositories,
    ConflictCheck,
    SqlCommit,
):
    """Unit of Work with the repositories of all slices; satisfies each slice's narrower protocol."""


class _Defaults(Repositories):
    """Repositories that services need even if no slice of the application provides them."""

    areas = first_use(lambda connection: NoAreas())
    workspace_files = first_use(lambda connection: NoFiles())


@cache
def uow_of(slices: tuple[SliceAdapters, ...]) -> type[SqlUow]:
    """The Unit of Work of an application with these slices: their repositories, and their reactions to events."""
    repositories = [each.repositories for each in slices if each.repositories is not Repositories]
    once((name for each in repositories for name in vars(each) if not name.startswith("_")), what="the repository")
    domains = [each.domain for each in slices]
    parts = {
        "tables": sorted_tables_of(slices),
        "reactions": reactions_of(domains),
        "visibility": EventVisibility.of(domains),
        "undo_kinds": undo_kinds_of(domains),
    }
    return cast("type[SqlUow]", type("SqlUow", (*repositories, _Defaults, ConflictCheck, SqlCommit), parts))


class SqlUowFactory:
    """Opens Units of Work, and announces their commits without waiting for receivers."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        ids: IdFactory,
        after_commit: Callable[[Committed], None],
        *,
        make_way: Callable[[], None] = lambda: None,
        remember: Remember | None = None,
        trace: ContextStatementTrace | None = None,
        slices: tuple[SliceAdapters, ...] = (*PLATFORM, *TRACKER),
    ) -> None:
        """`make_way` is called before a Unit of Work waits for its connection, and `remember` after a commit with the
        accounts that committed or whose security log it changed. `trace` records the statements of traced requests.
        """
        self._connections = WriteConnections(engine, WriteConnection if trace is None else trace.writing())
        self._kind = uow_of(slices)
        self._make_way = make_way
        self._remember = remember
        self._clock = clock
        self._ids = ids
        self._after_commit = after_commit

    @asynccontextmanager
    async def __call__(self, actor: Actor) -> AsyncIterator[SqlUow]:
        actor.require_scope(Scope.WRITE)
        self._make_way()
        with database_errors():
            async with self._connections.connect() as connection:
                uow = self._kind(connection, actor, self._clock, self._ids)
                await uow.begin()
                yield uow
        if uow.committed is not None:
            if self._remember is not None:
                await self._remember(uow.accounts)
            self._after_commit(uow.committed)
