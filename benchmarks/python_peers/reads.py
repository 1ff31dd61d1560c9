"""Reads of the Python peers with asyncpg: a batch function for each relation, or the whole list at once."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.handwritten import statements as sql
from benchmarks.handwritten.answers import cursor

Make = Callable[..., Any]
Batch = Callable[[Sequence[str]], Awaitable[list[Any]]]

_WORKSPACE = """SELECT w.id FROM workspace w JOIN member m ON m.workspace_id = w.id
    WHERE m.user_id = $1 AND w.slug = $2"""
_ISSUES = f"""SELECT i.id, {sql.IDENTIFIER}, i.title, i.priority, i.created_at, i.due_date, i.state_id, i.project_id,
    i.creator_id FROM issue i WHERE i.workspace_id = $1 AND i.lifecycle = 0
    ORDER BY i.created_at DESC, i.id DESC LIMIT $2"""
_USERS = "SELECT id, name FROM account WHERE id = ANY($1::text[])"
_STATES = "SELECT id, name, category FROM state WHERE workspace_id = $1 AND id = ANY($2::text[])"
_PROJECTS = "SELECT id, key, name FROM project WHERE workspace_id = $1 AND id = ANY($2::text[])"
_OF_ISSUE = "FROM comment c WHERE c.workspace_id = $1 AND c.issue_id = parent.id"
_COMMENTS = f"""SELECT page.issue_id, counted.total, page.id, page.body, page.created_at, page.author_id
    FROM unnest($2::text[]) AS parent (id)
    CROSS JOIN LATERAL (SELECT count(*) AS total {_OF_ISSUE}) counted
    CROSS JOIN LATERAL (SELECT * {_OF_ISSUE} ORDER BY c.created_at, c.id LIMIT $3) page
    ORDER BY page.issue_id, page.created_at, page.id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Functions that make a library's objects of positional values.

    `issue` gets the columns of an issue, then IDs of state, project and creator; the last argument of `comment` is the
    ID of the author. For preloaded lists both get objects in place of IDs, and `issue` also assignees, labels and
    comments. `priority` makes the value of the enum of a number.
    """

    person: Make
    state: Make
    project: Make
    label: Make
    comment: Make
    comments: Make
    issue: Make
    page: Make
    priority: Make
    moment: Make = lambda value: value
    date: Make = lambda value: value


class Reads:
    """Reads for the user of one request. `workspace_id` is known once the workspace was read."""

    def __init__(self, pool: Any, user_id: str, shapes: Shapes) -> None:
        self._pool = pool
        self._user_id = user_id
        self._shapes = shapes
        self._workspace_id: str | None = None

    async def viewer(self) -> Any:
        return self._shapes.person(*await self._pool.fetchrow(sql.VIEWER, self._user_id))

    async def finds_workspace(self, slug: str) -> bool:
        self._workspace_id = await self._pool.fetchval(_WORKSPACE, self._user_id, slug)
        return self._workspace_id is not None

    async def issues(self, first: int) -> Any:
        """Page of issues that hold the IDs of their relations."""
        make = self._shapes
        rows = await self._pool.fetch(_ISSUES, self._workspace_id, first + 1)
        nodes = [
            make.issue(*row[:3], make.priority(row[3]), make.moment(row[4]), self._date(row[5]), *row[6:])
            for row in rows[:first]
        ]
        return self._page(rows, nodes)

    async def users(self, ids: Sequence[str]) -> list[Any]:
        return self._by_id(await self._pool.fetch(_USERS, ids), ids, self._shapes.person)

    async def states(self, ids: Sequence[str]) -> list[Any]:
        return self._by_id(await self._pool.fetch(_STATES, self._workspace_id, ids), ids, self._shapes.state)

    async def projects(self, ids: Sequence[str]) -> list[Any]:
        return self._by_id(await self._pool.fetch(_PROJECTS, self._workspace_id, ids), ids, self._shapes.project)

    async def assignees(self, ids: Sequence[str]) -> list[Any]:
        found = _linked(await self._pool.fetch(sql.ASSIGNEES, self._workspace_id, ids), self._shapes.person)
        return [found[key] for key in ids]

    async def labels(self, ids: Sequence[str]) -> list[Any]:
        found = _linked(await self._pool.fetch(sql.LABELS, self._workspace_id, ids), self._shapes.label)
        return [found[key] for key in ids]

    async def comments(self, ids: Sequence[str], first: int) -> list[Any]:
        make = self._shapes
        said: defaultdict[str, list[Any]] = defaultdict(list)
        totals: dict[str, int] = {}
        for row in await self._pool.fetch(_COMMENTS, self._workspace_id, ids, first):
            totals[row[0]] = row[1]
            said[row[0]].append(make.comment(row[2], row[3], make.moment(row[4]), row[5]))
        return [make.comments(totals.get(key, 0), said[key]) for key in ids]

    async def preloaded(self, slug: str, first: int, *, comments: int) -> Any:
        """Page of issues with all their relations, by the four statements of the endpoint by hand; None if not seen."""
        make = self._shapes
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(sql.REFERENCE, self._user_id, slug, first + 1)
            if not rows:
                return None
            under = rows[0][-1], [row[0] for row in rows[:first]]
            assignees = _linked(await connection.fetch(sql.ASSIGNEES, *under), make.person)
            labels = _linked(await connection.fetch(sql.LABELS, *under), make.label)
            found = await connection.fetch(sql.COMMENTS, *under, comments)
        said: defaultdict[str, list[Any]] = defaultdict(list)
        totals: dict[str, int] = {}
        for row in found:
            totals[row[0]] = row[1]
            said[row[0]].append(make.comment(row[2], row[3], make.moment(row[4]), make.person(row[5], row[6])))
        nodes = [
            make.issue(
                *row[:3],
                make.priority(row[3]),
                make.moment(row[4]),
                self._date(row[5]),
                make.state(*row[6:9]),
                make.project(*row[9:12]),
                make.person(*row[12:14]),
                assignees[row[0]],
                labels[row[0]],
                make.comments(totals.get(row[0], 0), said[row[0]]),
            )
            for row in rows[:first]
        ]
        return self._page(rows, nodes)

    def _date(self, value: Any) -> Any:
        return None if value is None else self._shapes.date(value)

    def _page(self, rows: Sequence[Any], nodes: list[Any]) -> Any:
        last = rows[len(nodes) - 1] if nodes else None
        return self._shapes.page(nodes, len(rows) > len(nodes), last and cursor(last[4], last[0]))

    def _by_id(self, rows: Sequence[Any], ids: Sequence[str], make: Make) -> list[Any]:
        found = {row[0]: make(*row) for row in rows}
        return [found[key] for key in ids]


def _linked(rows: Sequence[Any], make: Make) -> Mapping[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(make(*row[1:]))
    return found
