"""Sizes of lists and counts of comments stay exact, whatever happens to issues."""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domain.issues.lifecycles import Lifecycle
from domain.shared.actor import Role
from infra.comments.tables import CommentRow
from infra.issues.tables import IssueRow
from infra.milestones.tables import MilestoneRow
from infra.projects.tables import ProjectRow, StateRow
from tests.tracker.api.world import World
from tests.tracker.list_sizes import require_exact_counts

Input = dict[str, Any]
KINDS = {
    "issue": IssueRow,
    "project": ProjectRow,
    "milestone": MilestoneRow,
    "state": StateRow,
    "comment": CommentRow,
}


class Chooser:
    """Ids of stored objects, chosen at random."""

    def __init__(self, random: Random, ids: dict[str, list[str]]) -> None:
        self._random = random
        self._ids = ids

    def one(self, kind: str) -> str | None:
        return self._random.choice(self._ids[kind]) if self._ids[kind] else None

    def maybe(self, kind: str) -> str | None:
        return self.one(kind) if self._random.random() < 0.7 else None

    def number(self) -> int:
        return self._random.randrange(10**9)


MUTATIONS: dict[str, Callable[[Chooser], Input]] = {
    "issueCreate": lambda a: {
        "projectId": a.one("project"),
        "title": "New",
        "milestoneId": a.maybe("milestone"),
        "parentId": a.maybe("issue"),
    },
    "issueUpdate": lambda a: (
        {"id": a.one("issue"), "milestoneId": a.maybe("milestone"), "parentId": a.maybe("issue")}
        | ({"move": {"projectId": a.one("project")}} if a.number() % 3 == 0 else {})
    ),
    "issueArchive": lambda a: {"id": a.one("issue")},
    "issueDelete": lambda a: {"id": a.one("issue")},
    "issueRestore": lambda a: {"id": a.one("issue")},
    "issuePurge": lambda a: {"id": a.one("issue")},
    "commentCreate": lambda a: {"issueId": a.one("issue"), "body": "Seen."},
    "commentDelete": lambda a: {"id": a.one("comment")},
    "milestoneCreate": lambda a: {"projectId": a.one("project"), "name": f"M{a.number()}"},
    "milestoneDelete": lambda a: {"id": a.one("milestone"), "replaceWith": a.maybe("milestone")},
    "stateDelete": lambda a: {"id": a.one("state"), "replaceWith": a.maybe("state")},
    "projectCreate": lambda a: {"workspaceId": a.one("workspace"), "key": f"P{a.number()}", "name": "New"},
    "projectArchive": lambda a: {"id": a.one("project")},
    "projectRestore": lambda a: {"id": a.one("project")},
    "projectDelete": lambda a: {"id": a.one("project"), "cascade": a.number() % 2 == 0},
}
REQUIRED = {
    "issueCreate": "projectId",
    "milestoneCreate": "projectId",
    "commentCreate": "issueId",
    "projectCreate": "workspaceId",
}
"""Mutation -> the argument that it needs, if that is not `id`."""
# Chosen more often: they make the lists that the others change.
OFTEN = ("issueCreate",) * 5 + ("issueUpdate", "commentCreate", "milestoneCreate") * 2


async def stored_ids(world: World) -> dict[str, list[str]]:
    async with world.engine.connect() as connection:
        here = world.here.workspace.id
        return {
            kind: list(await connection.scalars(select(row.id).where(row.workspace_id == here).order_by(row.id)))
            for kind, row in KINDS.items()
        } | {"workspace": [here]}


async def walk(world: World, random: Random, *, steps: int, at_once: int) -> list[str]:
    """Sends random mutations, several at once; returns the names of those that changed something."""
    done = []
    for _ in range(steps):
        chooser = Chooser(random, await stored_ids(world))
        names = random.choices((*MUTATIONS, *OFTEN), k=at_once)
        chosen = [(name, MUTATIONS[name](chooser)) for name in names]
        ready = [(name, sent) for name, sent in chosen if sent[REQUIRED.get(name, "id")] is not None]
        payloads = await asyncio.gather(*(world.owner.mutate(*each) for each in ready))
        done += [name for (name, _), payload in zip(ready, payloads, strict=True) if payload["revision"] is not None]
    return done


PAGE = "(first: 1, includeArchived: $all) { totalCount totalCountIsExact }"
TOTALS = f"""query ($slug: String!, $ids: [ID!]!, $all: Boolean!) {{
  workspace(slug: $slug) {{ id issues{PAGE} trash(first: 1) {{ totalCount totalCountIsExact }}
    projects(first: 100, includeArchived: true) {{
      nodes {{ id issues{PAGE} milestones(first: 100) {{ nodes {{ id issues{PAGE} }} }} }} }} }}
  nodes(ids: $ids) {{ ... on Issue {{ id children{PAGE} comments(first: 1) {{ totalCount }} }} }} }}"""


async def require_exact_totals(world: World, role: Role) -> int:
    """Compares each `totalCount` that the role sees with the rows; returns how many were not 0."""
    async with world.engine.connect() as connection:
        rows = [row async for row in await connection.stream(select(IssueRow))]
        commented = Counter(await connection.scalars(select(CommentRow.issue_id)))
    here = world.here.workspace.id
    seen = [row for row in rows if role is not Role.GUEST or row.project_id == world.here.project.id]
    ids = [row.id for row in seen if row.workspace_id == here][:100]
    found = 0
    for is_all in (False, True):
        expected = Counter(
            parent
            for row in seen
            if row.lifecycle is Lifecycle.ACTIVE or (is_all and row.lifecycle is Lifecycle.ARCHIVED)
            for parent in (row.workspace_id, row.project_id, row.milestone_id, row.parent_id)
        )
        data = await world.client(role).run(TOTALS, slug=world.here.workspace.slug, ids=ids, all=is_all)
        projects = data["workspace"]["projects"]["nodes"]
        milestones = [each for project in projects for each in project["milestones"]["nodes"]]
        lists = [(each["id"], each["issues"]) for each in (data["workspace"], *projects, *milestones)]
        lists += [(each["id"], each["children"]) for each in data["nodes"]]
        for parent, total in lists:
            assert total == {"totalCount": expected[parent], "totalCountIsExact": True}, parent
        trashed = sum(row.workspace_id == here and row.lifecycle is Lifecycle.TRASHED for row in seen)
        assert data["workspace"]["trash"]["totalCount"] == trashed
        for issue in data["nodes"]:
            assert issue["comments"]["totalCount"] == commented[issue["id"]]
        found += sum(expected[parent] > 0 for parent, _ in lists)
    return found


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), at_once=st.integers(1, 4))
async def test_counts_are_exact_after_random_mutations(world: World, seed: int, at_once: int) -> None:
    # Not drawn by Hypothesis one by one, because the choices depend on which of several mutations at once is first.
    await walk(world, Random(seed), steps=12 // at_once, at_once=at_once)
    assert await require_exact_counts(world.engine) > 0
    for role in (Role.MEMBER, Role.GUEST):
        await require_exact_totals(world, role)


@pytest.mark.verify
@pytest.mark.parametrize(("seed", "at_once"), [(1, 1), (2, 4), (3, 12)])
async def test_counts_are_exact_after_thousands_of_mutations(world: World, seed: int, at_once: int) -> None:
    random, done = Random(seed), []
    for _ in range(25):
        done += await walk(world, random, steps=48 // at_once, at_once=at_once)
        await require_exact_counts(world.engine)
        for role in (Role.MEMBER, Role.GUEST):
            await require_exact_totals(world, role)
    assert set(done) >= MUTATIONS.keys() - {"stateDelete"}
