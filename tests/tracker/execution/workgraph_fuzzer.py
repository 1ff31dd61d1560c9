"""Workgraph's own schema on the real database: random reading operations, through the endpoint's own runner."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson
from graphql import ExecutionResult, OperationType
from strawberry_compiled.testing.fuzzing.comparison import result_difference
from strawberry_compiled.testing.fuzzing.inputs import Values
from strawberry_compiled.testing.fuzzing.operations import Operation, OperationWriter, Sizes

from api.graphql.documents import DocumentCache, DocumentRefused
from api.graphql.runner import OperationRunner, graphql_schema
from api.schema import schema
from api.shared.context import Context
from api.shared.scalars import json_bytes
from domain.auth.model import Session
from domain.issues.priorities import Priority
from domain.shared.actor import Actor, Role
from tests import api_defaults
from tests.factories.accounts import UserFactory
from tests.factories.moments import MADE
from tests.factories.workspaces import MemberFactory
from tests.tracker.api.lists import LISTS
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import link

ITEMS = 6
RUNS = 2
"""Of each document, with other variables."""


@dataclass(frozen=True, slots=True)
class Pools:
    """Values for arguments, most of which match data."""

    ids: list[str]
    texts: list[str]


async def furnish(world: World) -> Pools:
    """Gives this world's workspace two more projects with issues in all states, and imports; says what there is."""
    place = world.here
    people = UserFactory.build_batch(3)
    things: list[Any] = [*people]
    things += [MemberFactory(workspace=place.workspace, user_id=person.id) for person in people]
    labels = LabelFactory.build_batch(3, workspace=place.workspace)
    issues: list[Any] = []
    for key in ("ONE", "TWO"):
        project = ProjectFactory(workspace=place.workspace, key=key)
        milestone = MilestoneFactory(project=project)
        states = StateFactory.build_batch(2, project=project)
        things += [project, milestone, *states]
        for number in range(1, ITEMS + 1):
            issue = IssueFactory(
                project=project,
                state=states[number % 2],
                number=number,
                creator_id=people[number % 3].id,
                milestone_id=milestone.id if number % 2 else None,
                parent_id=issues[0].id if len(issues) % 4 == 3 else None,
                priority=Priority(number % 5),
                due_date=date(2026, 5, number) if number % 3 else None,
                estimate=number if number % 2 else None,
                archived_at=MADE if number == 5 else None,
                trashed_at=MADE if number == 6 else None,
            )
            issues.append(issue)
            things += [CommentFactory(issue=issue, author_id=people[each].id) for each in range(number % 4 and 3)]
    await world.store(*things, *labels, *issues)
    for number, issue in enumerate(issues):
        await link(world.engine, issue, assignees=people[: number % 4], labels=labels[number % 3 :])
    imports = [await LISTS[name](world, 3) for name in ("ImportRun.losses", "ImportRun.mappings")]
    runs = [each.parent.split()[1] for each in imports if each.parent]
    known = [*things, *labels, *issues, *place.entities, *world.elsewhere.entities]
    known = [thing for thing in known if not isinstance(thing, Session)]  # nobody can read these as nodes
    texts = {
        text
        for thing in known
        for name in ("name", "title", "key", "slug", "identifier")
        if isinstance(text := getattr(thing, name, None), str)
    }
    return Pools([*(thing.id for thing in known if hasattr(thing, "id")), *runs], sorted(texts))


class WorkgraphValues(Values):
    """Arguments that mostly mean something in the furnished world; cursors come from earlier answers."""

    def __init__(self, chance: random.Random, world: World, pools: Pools, cursors: list[str]) -> None:
        super().__init__(chance)
        self._world = world
        self._pools = pools
        self._cursors = cursors

    def scalar(self, name: str, place: str) -> Any:
        r = self.random
        if name == "ID":
            return r.choice(self._pools.ids) if r.random() < 0.99 else r.choice(["", "iss_nonsense", "x" * 200])
        if name == "Int":
            return r.choice([1, 2, 3, 5, 20, 100]) if r.random() < 0.98 else r.choice([0, -1, 101, 2**31 - 1])
        if name == "Revision":
            return r.choice([0, 1, 2, 30])
        if name == "DateTime":
            return r.choice(["2026-01-01T00:00:00Z", "2026-01-01T00:04:00+00:00", "2025-06-01T00:00:00.5+02:00"])
        if name == "Date":
            return r.choice(["2026-01-02", "2026-05-06"])
        if name == "String" and place == "slug":
            return r.choice([self._world.here.workspace.slug] * 12 + [self._world.elsewhere.workspace.slug])
        if name == "String" and place in ("after", "before"):
            return r.choice(self._cursors) if self._cursors and r.random() < 0.95 else "nonsense"
        if name == "String":
            return r.choice(self._pools.texts) if r.random() < 0.98 else r.choice(["", "\x00", "%_", "bug OR"])
        return super().scalar(name, place)

    def likely(self, place: str) -> float:
        # `first` and `last` together are refused, and so is the cursor of another list.
        if place in ("last", "before", "after"):
            return 0.1
        return 0.25 if place == "filter" else super().likely(place)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkgraphDifference:
    seed: int
    operation: Operation
    what: str
    stock: ExecutionResult
    compiled: ExecutionResult

    def __str__(self) -> str:
        return "\n".join(
            [
                f"seed {self.seed}: {self.what}",
                self.operation.text,
                f"variables {dict(self.operation.variables)}",
                f"stock:    {self.stock.data} {self.stock.errors}",
                f"compiled: {self.compiled.data} {self.compiled.errors}",
            ]
        )


class WorkgraphFuzzer:
    """Compares the two ways in which the endpoint runs operations."""

    def __init__(self, world: World, pools: Pools) -> None:
        core = graphql_schema(schema)
        self._core = core
        self._world = world
        self._pools = pools
        self._cursors: list[str] = []
        self._documents = DocumentCache(
            core, api_defaults.limits(depth=40, aliases=500, tokens=20_000, document_bytes=100_000, fields=50_000)
        )
        self._stock = OperationRunner(schema, api_defaults.execution(is_compiled=False), hides_suggestions=False)
        self._compiled = OperationRunner(schema, api_defaults.execution(stock_runs=0), hides_suggestions=False)
        self.outcomes: Counter[str] = Counter()

    async def try_case(self, seed: int) -> WorkgraphDifference | None:
        chance = random.Random(f"workgraph {seed}")
        # Half of the cursors that are known fit no list by the next case, so the latest are the best.
        values = WorkgraphValues(chance, self._world, self._pools, self._cursors[-40:])
        sizes = Sizes(fields=chance.choice([8, 20, 50]), depth=chance.choice([4, 7]), items=30.0, entry="workspace")
        writer = OperationWriter(self._core, chance, values, sizes)
        operation = writer.operation(OperationType.QUERY)
        role = chance.choice([*Role, *Role, None])
        for _ in range(RUNS):
            found = await self._try(seed, operation, self._world.client(role).actor)
            if found:
                return found
            operation = writer.again(operation)
        return None

    async def _try(self, seed: int, operation: Operation, actor: Actor) -> WorkgraphDifference | None:
        before = replace(self._compiled.counts)
        try:
            stock = await self._run(self._stock, operation, actor)
            compiled = await self._run(self._compiled, operation, actor)
        except DocumentRefused:
            self.outcomes["refused before execution"] += 1
            return None
        what = result_difference(stock, compiled, is_async=True)
        was_compiled = self._compiled.counts.compiled > before.compiled
        if not what and not was_compiled and stock.errors is None and not operation.introspects:
            what = "it was not compiled"
        if what:
            return WorkgraphDifference(seed=seed, operation=operation, what=what, stock=stock, compiled=compiled)
        self._remember(stock.data)
        kind = "equal" if was_compiled else "not executed"
        self.outcomes[f"{kind}, with errors" if stock.errors else kind] += 1
        return None

    async def _run(self, runner: OperationRunner, operation: Operation, actor: Actor) -> ExecutionResult:
        prepared = self._documents.prepare(operation.text)
        result = await runner.execute(
            prepared,
            prepared.operation(operation.name),
            variables=dict(operation.variables),
            context=Context(app=self._world.app, actor=actor),
        )
        # Compiled execution leaves some scalars to the JSON writer: what is compared is what is sent.
        return ExecutionResult(orjson.loads(json_bytes(result.data)), result.errors, result.extensions)

    def _remember(self, data: Any) -> None:
        """Keeps the cursors of an answer."""
        waiting = [data]
        while waiting:
            each = waiting.pop()
            if isinstance(each, dict):
                self._cursors += [value for key, value in each.items() if "ursor" in key and isinstance(value, str)]
                waiting += each.values()
            elif isinstance(each, list):
                waiting += each
