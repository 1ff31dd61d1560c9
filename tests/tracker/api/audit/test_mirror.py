"""Proof that the change log is complete: a copy that is kept from `changes` alone equals the workspace.

Random sequences of all mutations change a workspace. A stored field of an object that can be read by ID, and whose
change writes no event, differs in the copy and is reported by name.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

import pytest
from graphql import GraphQLInterfaceType
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select

from api.schema import schema
from domain.shared.actor import Role
from infra.jobs.in_process import run_now
from infra.jobs.leases import SqlLeases
from infra.jobs.tables import JobRow
from infra.metadata import metadata
from tests.client import Client
from tests.tracker.api.audit.mirror import COMPARED, KINDS, NOT_COMPARED, NOT_MIRRORED, Mirror
from tests.tracker.api.audit.random_changes import ELSEWHERE, INPUTS, Chooser, Nothing
from tests.tracker.api.transfers.conftest import LEASE
from tests.tracker.api.transfers.exports import chunks, comment, issue, lines
from tests.tracker.api.world import World

T = TypeVar("T")
SLUG = "mirrored"
MOVING = "issueUpdate with a move"
JOBS = ("batches.run", "projects.record_purges", "transfers.run_import")
SELECTED = {
    "invitationCreate": "link",
    "invitationResend": "link",
    "labelDelete": "batchRun { id }",
    "memberClaim": "batchRun { id }",
    "milestoneDelete": "batchRun { id }",
    "projectDelete": "batchRun { id }",
    "stateDelete": "batchRun { id }",
}
TABLES = {prefix: kind for prefix, kind in KINDS.items() if prefix != "wsp"}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets batch runs change what else one request would change."""
    for module in ("domain.projects.service", "domain.shared.replacements", "domain.transfers.placeholder_service"):
        monkeypatch.setattr(f"{module}.MOST_AT_ONCE", 2)


class Changed:
    """A workspace that random mutations change, and its copy."""

    def __init__(self, world: World, leases: SqlLeases, client: Client, workspace_id: str) -> None:
        self.world = world
        self.leases = leases
        self.client = client
        self.mirror = Mirror()
        self.chooser = Chooser(self.mirror, workspace_id, client.actor.signed_in_id)
        self.done: Counter[str] = Counter()
        self.slug = SLUG
        self.imports = 0

    @classmethod
    async def created(cls, world: World, leases: SqlLeases, slug: str = SLUG) -> "Changed":
        """A new workspace with the objects of an import, two projects and a label."""
        created = {"slug": slug, "name": "Mirrored"}
        payload = await world.owner.mutate("workspaceCreate", created, "workspace { id }")
        workspace_id = payload["workspace"]["id"]
        actor = replace(world.owner.actor, roles={workspace_id: Role.OWNER}, areas={})
        self = cls(world, leases, replace(world.owner, actor=actor), workspace_id)
        self.slug = slug
        for name in ("projectCreate", "projectCreate", "labelCreate", "issueCreate", "importStart"):
            await self.mutate(name, Random(name))
        return self

    async def mutate(self, name: str, random: Random) -> None:
        """Runs the mutation once, and lets the copy follow."""
        self.chooser.random = random
        try:
            given = INPUTS[name](self.chooser)
        except Nothing:
            return
        client = self.client
        if name == "importStart":
            given["fileId"] = await self._uploaded()
        elif name == "invitationAccept":
            client = self.world.client(random.choice((*Role, None)))
        await self.mirror.catch_up(self.client, self.slug)
        payload = await client.mutate(name, given, SELECTED.get(name, ""))
        if payload["errors"]:
            return
        self.done[name] += 1
        self._remember(payload)
        if name == "workspaceTransfer":
            mine = self.chooser.one("mem", userId=self.chooser.me)
            await self.client.mutate("memberUpdate", {"id": mine, "role": "OWNER"})
        # A random step seldom meets a run that has not ended.
        is_canceled = bool(payload.get("batchRun")) and random.random() < 0.3
        if name == "importStart" or (not is_canceled and random.random() < 0.5):
            await self.work()
        events = await self.mirror.catch_up(self.client, self.slug)
        self.done.update(MOVING for event in events if name == "issueUpdate" and event["kind"] == "ISSUE_MOVED")
        if payload["revision"] is not None:
            sets = {event["changeSet"] for event in events if event["revision"] <= payload["revision"]}
            assert sets == {payload["revision"]}, name
        if is_canceled:
            await self.mutate("batchRunCancel", random)

    def _remember(self, payload: dict[str, Any]) -> None:
        if payload.get("link"):
            self.chooser.tokens.append(payload["link"].partition("?token=")[2])
        if payload.get("batchRun"):
            self.chooser.runs.append(payload["batchRun"]["id"])

    async def _uploaded(self) -> str:
        """An export whose issues an import creates, changes, and moves to another project."""
        self.imports += 1
        project = {"id": str(self.imports % 2), "key": f"AC{self.imports % 2}", "name": "Acme"}
        texts = [comment("1", f"text {self.imports}"), comment(str(self.imports), "x" * 5000)]
        records = [
            issue(1, project=project, summary=f"Issue {self.imports}", comments=texts),
            issue(1 + self.imports, parent={"id": "1", "key": "AC-1"}),
        ]
        return (await self.world.app.imports.upload(self.client.actor, "export", chunks(lines(*records)))).value.id

    async def work(self) -> None:
        """Runs waiting jobs that change the workspace."""
        waiting = select(JobRow.id).where(JobRow.state == "WAITING", JobRow.kind.in_(JOBS)).order_by(JobRow.id)
        while True:
            async with self.world.engine.connect() as connection:
                job_id = (await connection.execute(waiting)).scalars().first()
            if job_id is None:
                break
            await run_now(self.world.app, self.leases, job_id, seconds=LEASE.total_seconds())

    async def differences(self) -> list[str]:
        await self.work()
        await self.mirror.catch_up(self.client, self.slug)
        found = await self.mirror.differences(self.client)
        async with self.world.engine.connect() as connection:
            for prefix, kind in TABLES.items():
                table = metadata.tables[TABLE_NAMES.get(kind, kind.lower())]
                here = select(table.c.id).where(table.c.workspace_id == self.chooser.workspace_id)
                stored = set(await connection.scalars(here))
                found += [f"{kind} {each} is not in the log" for each in stored - set(self.mirror.of(prefix))]
        return found


TABLE_NAMES = {"ProjectMember": "project_member"}


class Machine(RuleBasedStateMachine):
    """Runs its steps in the event loop of the test, of which it is a thread."""

    loop: asyncio.AbstractEventLoop
    world: World
    leases: SqlLeases
    number = 0
    done: Counter[str]
    """How often each mutation has changed something, in all runs of the machine."""

    def __init__(self) -> None:
        super().__init__()
        Machine.number += 1
        self.changed = self.run(Changed.created(self.world, self.leases, slug=f"mirrored-{Machine.number}"))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    @rule(name=st.sampled_from(sorted(INPUTS)), random=st.randoms(use_true_random=True))
    def mutate(self, name: str, random: Random) -> None:
        self.run(self.changed.mutate(name, random))

    def teardown(self) -> None:
        self.done.update(self.changed.done)
        assert self.run(self.changed.differences()) == []


async def run_machine(world: World, leases: SqlLeases, *, seeds: int, steps: int) -> Counter[str]:
    """Returns how often each mutation has changed something."""
    done = Counter[str]()
    given = {"loop": asyncio.get_running_loop(), "world": world, "leases": leases, "done": done}
    machine = type("Mirrored", (Machine,), given)
    chosen = settings(max_examples=seeds, stateful_step_count=steps, deadline=None, database=None)
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
    return done


@pytest.fixture
def leases(world: World) -> SqlLeases:
    return SqlLeases(world.engine, duration=LEASE)


def test_every_mutation_has_random_inputs_or_a_reason() -> None:
    mutations = schema._schema.type_map["Mutation"].fields
    assert sorted([*INPUTS, *ELSEWHERE]) == sorted(mutations)


def test_every_type_that_can_be_read_by_id_is_compared() -> None:
    node = schema._schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    types = {each.name for each in schema._schema.get_implementations(node).objects}
    assert {*KINDS.values(), *NOT_MIRRORED} == types
    assert all(name.partition(".")[0] in COMPARED for name in NOT_COMPARED)


async def test_an_unlogged_change_is_found_by_name(world: World, leases: SqlLeases) -> None:
    changed = await Changed.created(world, leases)
    assert await changed.differences() == []
    stored = metadata.tables["issue"]
    [issue_id, *_] = changed.mirror.of("iss")
    async with world.engine.begin() as connection:
        await connection.execute(stored.update().where(stored.c.id == issue_id).values(estimate=77))
    [told] = await changed.differences()
    assert told.startswith(f"Issue.estimate of {issue_id} is ('77',)")


async def test_a_copy_from_the_log_alone_equals_the_workspace(world: World, leases: SqlLeases) -> None:
    await run_machine(world, leases, seeds=2, steps=25)


@pytest.mark.verify
async def test_a_copy_from_the_log_alone_equals_the_workspace_after_200_mutations(
    world: World, leases: SqlLeases
) -> None:
    done = await run_machine(world, leases, seeds=50, steps=200)
    assert done.keys() == {*INPUTS, MOVING}, "A mutation never succeeded: choose its input among fitting objects."
