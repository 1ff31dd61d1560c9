import asyncio
import logging
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Actor
from domain.shared.errors import Unavailable
from domain.shared.jobs import Progress
from infra.uow import SqlUowFactory
from tests.engine.infra.jobs.rows import change, effects, row, rows, take_over, until, until_state
from tests.engine.infra.jobs.sample import CLOCK, Trek, Walk, add_job, runner_of, running, walking


class Gate:
    """A handler that stays inside until it is let go."""

    def __init__(self) -> None:
        self.entered: asyncio.Queue[Actor] = asyncio.Queue()
        self.open = asyncio.Event()
        self.canceled = 0

    async def __call__(self, actor: Actor, job: Walk) -> None:
        self.entered.put_nowait(actor)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.canceled += 1
            raise


async def nothing(actor: Actor, job: Walk) -> None:
    assert actor.is_system


async def test_a_job_is_run_once_and_done(engine: AsyncEngine, uow: SqlUowFactory) -> None:
    job_id = await add_job(engine, Walk(name="a"))

    async with running(runner_of(engine, walking(uow))):
        after = await until_state(engine, job_id, "DONE")

    assert (after.attempts, after.failures, after.last_error, after.lease_until) == (1, 0, None, None)
    assert await effects(engine) == [("a", 0)]


async def test_a_handler_that_commits_nothing_is_done_when_it_returns(engine: AsyncEngine) -> None:
    job_id = await add_job(engine, Walk(name="a"), last_error="Oops", failures=3)

    async with running(runner_of(engine, nothing)):
        after = await until_state(engine, job_id, "DONE")

    assert after.last_error is None


async def test_an_error_puts_the_job_back_without_secrets(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "infra.jobs.runner")  # whatever another test has left: DEBUG shows tracebacks
    job_id = await add_job(engine, Walk(name="a"))

    async def fail(actor: Actor, job: Walk) -> None:
        raise RuntimeError("postgresql://me:hunter2@db/x refused s3cret\nDETAIL: Key (email)=(ada@example.org)")

    async with running(runner_of(engine, fail, secrets=["s3cret", ""])):
        await until_failed(engine, job_id)
        after = await row(engine, job_id)

    assert (after.attempts, after.failures, after.lease_until) == (1, 1, None)
    assert after.last_error == "RuntimeError: postgresql://…@db/x refused …"
    assert after.updated_at <= after.run_at <= after.updated_at + timedelta(seconds=5)
    assert "is retried in" in caplog.text
    assert "hunter2" not in caplog.text


async def until_failed(engine: AsyncEngine, job_id: str) -> None:
    async def has_failed() -> bool:
        return bool((await row(engine, job_id)).failures)

    await until(has_failed)


async def test_the_tenth_failure_parks_the_job_loudly(engine: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    job_id = await add_job(engine, Walk(name="a"), failures=9)

    async def fail(actor: Actor, job: Walk) -> None:
        raise Unavailable("The mail server did not take the mail.")

    async with running(runner_of(engine, fail)):
        after = await until_state(engine, job_id, "PARKED")

    assert (after.failures, after.last_error) == (10, "Unavailable: The mail server did not take the mail.")
    assert [record.levelname for record in caplog.records if "is parked" in record.message] == ["ERROR"]


async def test_an_unknown_kind_fails_and_harms_nothing_else(engine: AsyncEngine, uow: SqlUowFactory) -> None:
    strange = await add_job(engine, Walk(name="a"), kind="sample.fly")
    broken = await add_job(engine, Walk(name="a"), payload={"nome": "a"})
    sound = await add_job(engine, Walk(name="a"))

    async with running(runner_of(engine, walking(uow))):
        await until_state(engine, sound, "DONE")
        await until_failed(engine, strange)
        await until_failed(engine, broken)

    assert (await row(engine, strange)).last_error == "UnreadableJob: There is no kind of job called 'sample.fly'."
    assert (await row(engine, broken)).last_error.startswith("UnreadableJob: A job of the kind 'sample.walk' has other")
    assert await effects(engine) == [("a", 0)]


async def test_a_job_goes_on_from_its_checkpoint(engine: AsyncEngine, uow: SqlUowFactory) -> None:
    job_id = await add_job(engine, Walk(name="a", steps=4))
    walk = walking(uow)

    async def fail_half_way(actor: Actor, job: Walk) -> None:
        assert actor.job is not None
        if actor.job.attempt == 1:
            await two_steps(uow, actor)
            raise RuntimeError("Oops")
        await walk(actor, job)

    async with running(runner_of(engine, fail_half_way)):
        await until_failed(engine, job_id)
        between = await row(engine, job_id)
    await change(engine, "UPDATE job SET run_at = now()")
    async with running(runner_of(engine, fail_half_way)):
        await until_state(engine, job_id, "DONE")

    assert (between.checkpoint, between.progress_done, between.progress_total) == ({"step": 2}, 2, 4)
    assert await effects(engine) == [("a", step) for step in range(4)]


async def two_steps(uow: SqlUowFactory, actor: Actor) -> None:
    for step in range(2):
        async with uow(actor) as unit:
            await unit.connection.execute(text("INSERT INTO job_effect VALUES ('a', :step)"), {"step": step})
            unit.checkpoint({"step": step + 1}, progress=Progress(done=step + 1, total=4))
            await unit.commit(None)


async def test_a_worker_that_loses_the_lease_ends_quietly_and_without_effect(
    engine: AsyncEngine, uow: SqlUowFactory, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    walk = walking(uow)

    async def lose(actor: Actor, job: Walk) -> None:
        await take_over(engine, job_id)
        await walk(actor, job)

    runner = runner_of(engine, lose)
    async with running(runner):
        await until(lambda: has_attempts(engine, job_id, 2))

    after = await row(engine, job_id)
    assert (after.state, after.attempts, after.failures) == ("RUNNING", 2, 0)
    assert await effects(engine) == []
    loud = [record for record in caplog.records if record.levelno > logging.INFO]
    assert [record.getMessage() for record in loud if record.name.startswith("infra.jobs")] == []


async def has_attempts(engine: AsyncEngine, job_id: str, attempts: int) -> bool:
    return bool((await row(engine, job_id)).attempts == attempts)


async def test_the_lease_is_renewed_while_the_handler_runs(engine: AsyncEngine) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    gate = Gate()

    async with running(runner_of(engine, gate, lease=0.3)):
        await gate.entered.get()
        first = (await row(engine, job_id)).lease_until

        async def is_renewed() -> bool:
            return bool((await row(engine, job_id)).lease_until > first + timedelta(seconds=0.6))

        await until(is_renewed)
        gate.open.set()
        after = await until_state(engine, job_id, "DONE")

    assert (after.attempts, gate.canceled) == (1, 0)


async def test_a_handler_whose_lease_is_lost_is_stopped(engine: AsyncEngine) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    gate = Gate()

    async with running(runner_of(engine, gate, lease=0.3)):
        await gate.entered.get()
        await take_over(engine, job_id)

        async def is_canceled() -> bool:
            return gate.canceled == 1

        await until(is_canceled)

    after = await row(engine, job_id)
    assert (after.state, after.attempts, after.failures) == ("RUNNING", 2, 0)


async def test_no_more_jobs_run_at_once_than_allowed_and_a_free_place_is_filled_at_once(engine: AsyncEngine) -> None:
    for number in range(5):
        await add_job(engine, Walk(name=str(number)))
    gate = Gate()

    async with running(runner_of(engine, gate, concurrency=2)):  # the next poll is a minute away
        await gate.entered.get()
        await gate.entered.get()
        assert [each.state for each in await rows(engine)].count("RUNNING") == 2
        assert gate.entered.empty()
        gate.open.set()
        for each in await rows(engine):
            await until_state(engine, each.id, "DONE")


async def test_a_full_worker_remembers_that_it_was_woken(engine: AsyncEngine) -> None:
    first = await add_job(engine, Walk(name="a"))
    gate = Gate()
    runner = runner_of(engine, gate, concurrency=1)

    async with running(runner):
        await gate.entered.get()
        assert not runner.has_room
        second = await add_job(engine, Walk(name="b"))
        await runner.wake(second)
        gate.open.set()
        await until_state(engine, second, "DONE")

    assert (await row(engine, first)).state == "DONE"


async def test_a_wake_up_runs_that_job_alone(engine: AsyncEngine) -> None:
    gate = Gate()
    runner = runner_of(engine, gate)

    async with running(runner):
        other = await add_job(engine, Walk(name="a"), run_at=CLOCK.now() + timedelta(hours=1))
        wanted = await add_job(engine, Walk(name="b"))
        await runner.wake(wanted)
        await runner.wake(wanted)
        actor = await gate.entered.get()
        gate.open.set()
        await until_state(engine, wanted, "DONE")

    assert actor.job is not None
    assert actor.job.id == wanted
    assert gate.entered.empty()
    assert (await row(engine, other)).state == "WAITING"


async def test_long_jobs_take_at_most_half_of_the_slots_and_others_go_past_them(
    engine: AsyncEngine, uow: SqlUowFactory
) -> None:
    long = [await add_job(engine, Trek(name=f"long {number}")) for number in range(4)]
    short = [await add_job(engine, Walk(name=str(number))) for number in range(3)]
    gate, walk = Gate(), walking(uow)

    async def work(actor: Actor, job: Walk) -> None:
        await (gate if isinstance(job, Trek) else walk)(actor, job)

    runner = runner_of(engine, work, concurrency=4)
    async with running(runner):  # the next poll is a minute away
        for job_id in short:
            await until_state(engine, job_id, "DONE")
        states = [(await row(engine, job_id)).state for job_id in long]
        woken = await add_job(engine, Trek(name="woken"))
        await runner.wake(woken)
        late = await add_job(engine, Walk(name="late"))
        await runner.wake(late)
        await until_state(engine, late, "DONE")
        assert (await row(engine, woken)).state == "WAITING"
        assert gate.entered.qsize() == 2
        gate.open.set()
        for job_id in (*long, woken):
            await until_state(engine, job_id, "DONE")

    assert states == ["RUNNING", "RUNNING", "WAITING", "WAITING"]


async def test_due_jobs_are_found_by_polling(engine: AsyncEngine) -> None:
    async with running(runner_of(engine, nothing, poll=0.05)):
        job_id = await add_job(engine, Walk(name="a"))
        await until_state(engine, job_id, "DONE")


async def test_stopping_lets_a_job_finish_and_takes_no_other(engine: AsyncEngine) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    gate = Gate()
    runner = runner_of(engine, gate, shutdown=10)

    async with running(runner) as stop:
        await gate.entered.get()
        stop.set()
        late = await add_job(engine, Walk(name="late"))
        await runner.wake(late)
        gate.open.set()

    assert (await row(engine, job_id)).state == "DONE"
    assert (await row(engine, late)).attempts == 0


async def test_a_job_that_does_not_finish_in_time_is_given_back(engine: AsyncEngine, uow: SqlUowFactory) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    gate = Gate()

    async with running(runner_of(engine, gate, shutdown=0.05)) as stop:
        await gate.entered.get()
        stop.set()

    given_back = await row(engine, job_id)
    assert (given_back.state, given_back.lease_until, given_back.failures) == ("WAITING", None, 0)
    assert gate.canceled == 1
    async with running(runner_of(engine, walking(uow))):
        await until_state(engine, job_id, "DONE")
    assert await effects(engine) == [("a", 0)]
