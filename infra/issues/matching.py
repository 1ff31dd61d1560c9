"""Issues that a filter selects for a change, found in the transaction of the change."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import func, literal, select

from domain.issues.lifecycles import Lifecycle
from domain.issues.queries import IssueFilter
from domain.shared.actor import Actor
from domain.shared.batches import BatchRun
from infra.batches.repository import store_rows
from infra.db.arrays import among
from infra.db.filtered import FilterTooBroad
from infra.db.filters import Filters
from infra.db.visibility import GuestRule, guest_visibility_in, in_workspace
from infra.db.write_connection import Connection
from infra.issues.filters import ACTIVE_FILTERS
from infra.issues.reader import NARROWING
from infra.issues.tables import IssueRow, in_lifecycle

_GUESTS = GuestRule.of_areas(IssueRow.workspace_id, IssueRow.project_id)
_ACTIVE = select(IssueRow.id).where(in_workspace(IssueRow.workspace_id), in_lifecycle(Lifecycle.ACTIVE))
_ACTIVE_OF_GUESTS = _ACTIVE.where(_GUESTS.within)


class SqlMatchingIssues:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ids(self, actor: Actor, workspace_id: str, filter: IssueFilter, *, most: int) -> Sequence[str]:
        rows, filters, params = _seen_by(actor, workspace_id)
        with _time_limit(filter):
            # Without an order, the search ends as soon as it has found enough.
            found = await self._connection.scalars(rows.where(filters.where(filter)).limit(most), params)
            return sorted(found)

    async def count(self, actor: Actor, workspace_id: str, filter: IssueFilter) -> int:
        rows, filters, params = _seen_by(actor, workspace_id)
        matching = rows.where(filters.where(filter)).with_only_columns(literal(1), maintain_column_froms=True)
        with _time_limit(filter):
            counted = select(func.count()).select_from(matching.subquery())
            return int((await self._connection.execute(counted, params)).scalar_one())

    async def store(self, actor: Actor, run: BatchRun, filter: IssueFilter) -> int:
        rows, filters, params = _seen_by(actor, run.workspace_id)
        condition = rows.where(filters.where(filter)).whereclause
        assert condition is not None
        with _time_limit(filter):
            return await store_rows(
                self._connection, run, IssueRow.id, condition, order=[IssueRow.id.asc()], params=params
            )

    async def still_matching(
        self, actor: Actor, workspace_id: str, filter: IssueFilter, ids: Sequence[str]
    ) -> frozenset[str]:
        rows, filters, params = _seen_by(actor, workspace_id)
        # The rows are few, so searches check each of them, and do not enter through an index of all words.
        matches = filters.match(filters.by_row(filter), filters.table)
        of_ids = rows.where(among(IssueRow.id, "ids"), matches)
        return frozenset(await self._connection.scalars(of_ids, {**params, "ids": ids}))


def _seen_by(actor: Actor, workspace_id: str) -> tuple[Any, Filters, dict[str, Any]]:
    """Active issues that the actor sees, as a statement with its parameters, and the filters for them."""
    params: dict[str, Any] = {"workspace_id": workspace_id}
    if actor.is_guest_in(workspace_id):
        return _ACTIVE_OF_GUESTS, ACTIVE_FILTERS.of_guests, params | guest_visibility_in(actor, workspace_id)
    return _ACTIVE, ACTIVE_FILTERS.of_members, params


@contextmanager
def _time_limit(filter: IssueFilter) -> Iterator[None]:
    """Raises FilterTooBroad for a statement that exceeds the time limit of statements."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise FilterTooBroad(filter, NARROWING) from error
