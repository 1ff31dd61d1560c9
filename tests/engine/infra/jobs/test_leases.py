import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Actor
from domain.shared.jobs import FIRST_RETRY, MOST_FAILURES, MOST_LOST_LEASES, Progress
from domain.shared.uow import LeaseLost
from infra.jobs.leases import Lease, SqlLeases
from infra.uow import SqlUowFactory
from tests.engine.infra.jobs.rows import change, row, rows, take_over
from tests.engine.infra.jobs.sample import CLOCK, Trek, Walk, add_job
from tests.patience import PATIENCE


@pytest.fixture
def leases(engine: AsyncEngine) -> SqlLeases:
    return SqlLeases(engine, duration=timedelta(seconds=30))


async def only_lease(leases: SqlLeases) -> Lease:
    [lease] = await leases.acquire(most=10)
    return lease


async def test_workers_that_race_never_get_the_same_job(engine: AsyncEngine, leases: SqlLeases) -> None:
    ids = [await add_job(engine, Walk(name=str(number))) for number in range(60)]

    async def take_all() -> list[str]:
        taken = []
        while found := await leases.acquire(most=3):
            taken += [lease.job.id for lease in found]
        return taken

    shares = await asyncio.gather(*(take_all() for _ in range(8)))

    assert sorted(job_id for share in shares for job_id in share) == ids
    assert {each.attempts for each in await rows(engine)} == {1}


async def test_workers_that_race_for_one_id_get_it_once(engine: AsyncEngine, leases: SqlLeases) -> None:
    job_id = await add_job(engine, Walk(name="a"))

    found = await asyncio.gather(*(leases.acquire(most=1, job_id=job_id) for _ in range(8)))

    assert [lease.job.attempt for share in found for lease in share] == [1]


async def test_a_lease_carries_the_job_and_its_checkpoint(engine: AsyncEngine, leases: SqlLeases) -> None:
    job_id = await add_job(engine, Walk(name="a", steps=7), checkpoint={"step": 3}, attempts=4)

    lease = await only_lease(leases)

    assert (lease.job.id, lease.job.attempt, lease.job.checkpoint) == (job_id, 5, {"step": 3})
    assert (lease.kind, lease.payload) == ("sample.walk", {"name": "a", "steps": 7})


async def test_a_worker_takes_no_more_than_asked_and_the_longest_waiting_first(
    engine: AsyncEngine, leases: SqlLeases
) -> None:
    now = CLOCK.now()
    ids = [await add_job(engine, Walk(name="a"), run_at=now - timedelta(minutes=age)) for age in (1, 3, 2)]

    found = await leases.acquire(most=2)

    assert {lease.job.id for lease in found} == {ids[1], ids[2]}
    assert (await row(engine, ids[0])).state == "WAITING"


async def test_jobs_that_are_not_due_are_left(engine: AsyncEngine, leases: SqlLeases) -> None:
    later = CLOCK.now() + timedelta(minutes=1)
    ids = [await add_job(engine, Walk(name=state), state=state) for state in ("DONE", "PARKED")]
    ids.append(await add_job(engine, Walk(name="later"), run_at=later))
    before = await rows(engine)

    assert await leases.acquire(most=10) == []
    assert [await leases.acquire(most=1, job_id=job_id) for job_id in ids] == [[], [], []]
    assert await rows(engine) == before


async def test_a_job_is_leased_anew_when_its_lease_has_run_out_and_not_before(
    engine: AsyncEngine, leases: SqlLeases
) -> None:
    await add_job(engine, Walk(name="a"))
    first = await only_lease(leases)
    assert await leases.acquire(most=10) == []

    await change(engine, "UPDATE job SET lease_until = now() - interval '1 second'")
    second = await only_lease(leases)

    assert (first.job.attempt, second.job.attempt) == (1, 2)


async def test_a_lost_lease_can_neither_finish_nor_fail_nor_release(engine: AsyncEngine, leases: SqlLeases) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    lease = await only_lease(leases)
    await take_over(engine, job_id)
    before = await row(engine, job_id)

    assert not await leases.finish(lease)
    assert await leases.fail(lease, "Oops", random=0.5) is None
    await leases.release([lease])

    assert await row(engine, job_id) == before


async def test_a_unit_of_work_of_a_lost_lease_leaves_nothing(
    engine: AsyncEngine, leases: SqlLeases, uow: SqlUowFactory
) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    lease = await only_lease(leases)
    await take_over(engine, job_id)
    before = await rows(engine)

    async with uow(Actor.system(lease.job)) as unit:
        unit.enqueue(Walk(name="child"))
        with pytest.raises(LeaseLost):
            await unit.commit(None)

    assert await rows(engine) == before


async def test_extending_renews_leases_and_returns_the_lost_ones(engine: AsyncEngine, leases: SqlLeases) -> None:
    for name in "abc":
        await add_job(engine, Walk(name=name))
    held, lost, done = await leases.acquire(most=3)
    await take_over(engine, lost.job.id)
    assert await leases.finish(done)
    await change(engine, "UPDATE job SET lease_until = now() + interval '1 second' WHERE state = 'RUNNING'")
    before = await row(engine, held.job.id)

    assert await leases.extend([held.key, lost.key, done.key]) == {lost.key}

    gained = (await row(engine, held.job.id)).lease_until - before.lease_until
    assert timedelta(seconds=28) < gained < timedelta(seconds=31)
    assert (await row(engine, done.job.id)).lease_until is None


async def test_extending_does_not_wait_for_a_handler_that_is_committing(engine: AsyncEngine, leases: SqlLeases) -> None:
    await add_job(engine, Walk(name="a"))
    lease = await only_lease(leases)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT * FROM job FOR UPDATE"))

        async with asyncio.timeout(PATIENCE):
            assert await leases.extend([lease.key]) == set()


async def test_a_failure_waits_with_back_off_and_the_last_one_parks(engine: AsyncEngine, leases: SqlLeases) -> None:
    job_id = await add_job(engine, Walk(name="a"))

    for count in range(1, MOST_FAILURES):
        failure = await leases.fail(await only_lease(leases), f"Oops {count}", random=0.5)
        assert failure is not None
        assert failure.count == count
        assert failure.retry_in == min(FIRST_RETRY * 2 ** (count - 1), timedelta(hours=1)) / 2
        after = await row(engine, job_id)
        assert (after.state, after.failures, after.last_error) == ("WAITING", count, f"Oops {count}")
        assert after.run_at - after.updated_at == failure.retry_in
        await change(engine, "UPDATE job SET run_at = now()")

    last = await leases.fail(await only_lease(leases), "Oops", random=0.5)

    assert last is not None
    assert last.retry_in is None
    assert (await row(engine, job_id)).state == "PARKED"
    assert await leases.acquire(most=10) == []


async def test_getting_somewhere_forgives_failures(engine: AsyncEngine, leases: SqlLeases, uow: SqlUowFactory) -> None:
    job_id = await add_job(engine, Walk(name="a", steps=2), failures=9, last_error="Oops")
    lease = await only_lease(leases)

    async with uow(Actor.system(lease.job)) as unit:
        unit.checkpoint({"step": 1}, progress=Progress(done=1, total=2))
        await unit.commit(None)
    failure = await leases.fail(lease, "Oops", random=0.0)

    assert failure is not None
    assert failure.count == 1
    assert (await row(engine, job_id)).checkpoint == {"step": 1}


async def lose_lease(engine: AsyncEngine) -> None:
    await change(engine, "UPDATE job SET lease_until = now()")


async def test_leases_lost_without_progress_park_the_job(engine: AsyncEngine, leases: SqlLeases) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    assert len(await leases.acquire(most=1)) == 1
    for count in range(1, MOST_LOST_LEASES):
        await lose_lease(engine)
        lease = await only_lease(leases)
        after = await row(engine, job_id)
        assert (lease.job.attempt, after.failures, after.lost_leases) == (count + 1, count, count)
    await lose_lease(engine)

    assert await leases.acquire(most=1) == []

    after = await row(engine, job_id)
    assert (after.state, after.failures, after.lost_leases) == ("PARKED", 5, 5)
    assert "lost 5 times" in after.last_error


async def test_a_job_that_moves_is_never_parked_for_lost_leases(
    engine: AsyncEngine, leases: SqlLeases, uow: SqlUowFactory
) -> None:
    job_id = await add_job(engine, Walk(name="a", steps=300))
    for step in range(1, 3 * MOST_LOST_LEASES):
        lease = await only_lease(leases)
        assert (await row(engine, job_id)).lost_leases == min(step - 1, 1)
        async with uow(Actor.system(lease.job)) as unit:
            unit.checkpoint({"step": step}, progress=Progress(done=step, total=300))
            await unit.commit(None)
        assert (await row(engine, job_id)).lost_leases == 0
        await lose_lease(engine)
    await change(engine, "UPDATE job SET attempts = 10000")

    assert (await only_lease(leases)).job.attempt == 10_001


async def test_a_job_that_is_given_back_has_lost_no_lease(engine: AsyncEngine, leases: SqlLeases) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    for _ in range(2 * MOST_LOST_LEASES):
        await leases.release([await only_lease(leases)])

    assert len(await leases.acquire(most=1)) == 1
    after = await row(engine, job_id)
    assert (after.failures, after.lost_leases) == (0, 0)


LONG = {Trek.kind}


@pytest.mark.parametrize(
    ("most", "most_long", "leased"),
    [(4, 2, "TTWW"), (4, 0, "WWW"), (10, 2, "TTWWW"), (2, 1, "TW"), (2, 2, "TT"), (1, 0, "W"), (10, 9, "TTTTWWW")],
)
async def test_jobs_do_not_wait_behind_long_ones(
    engine: AsyncEngine, leases: SqlLeases, most: int, most_long: int, leased: str
) -> None:
    now = CLOCK.now()
    for age, job_type in enumerate((Walk, Walk, Walk, Trek, Trek, Trek, Trek)):
        await add_job(engine, job_type(name="a"), run_at=now - timedelta(minutes=age))

    found = await leases.acquire(most=most, long_kinds=LONG, most_long=most_long)

    assert "".join(sorted(lease.kind[len("sample.")].upper() for lease in found)) == leased
    assert [each.state for each in await rows(engine)].count("RUNNING") == len(found)
    assert {each.attempts for each in await rows(engine) if each.state == "WAITING"} <= {0}


async def test_a_long_job_is_not_leased_by_its_id_where_there_is_no_slot(
    engine: AsyncEngine, leases: SqlLeases
) -> None:
    job_id = await add_job(engine, Trek(name="a"))

    assert await leases.acquire(most=1, job_id=job_id, long_kinds=LONG, most_long=0) == []
    assert [lease.job.id for lease in await leases.acquire(most=1, job_id=job_id, long_kinds=LONG, most_long=1)] == [
        job_id
    ]


async def test_a_retry_gives_up_its_dedupe_key_to_the_job_that_waits(engine: AsyncEngine, leases: SqlLeases) -> None:
    first = await add_job(engine, Walk(name="a"), dedupe_key="once")
    lease = await only_lease(leases)
    second = await add_job(engine, Walk(name="a"), dedupe_key="once")

    assert await leases.fail(lease, "Oops", random=0.5) is not None

    assert ((await row(engine, first)).dedupe_key, (await row(engine, second)).dedupe_key) == (None, "once")


async def test_released_jobs_are_due_at_once_and_their_lease_is_void(engine: AsyncEngine, leases: SqlLeases) -> None:
    await add_job(engine, Walk(name="a"))
    first = await only_lease(leases)

    await leases.release([first])
    second = await only_lease(leases)

    assert second.job.attempt == 2
    assert not await leases.finish(first)
