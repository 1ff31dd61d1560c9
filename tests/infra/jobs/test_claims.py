import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Actor
from domain.shared.jobs import FIRST_RETRY, MOST_FAILURES, Progress
from domain.shared.uow import ClaimLost
from infra.jobs.claims import MOST_ATTEMPTS, Claim, SqlClaims
from infra.uow import SqlUowFactory
from tests.infra.jobs.rows import change, row, rows, take_over
from tests.infra.jobs.sample import CLOCK, Walk, add_job


@pytest.fixture
def claims(engine: AsyncEngine) -> SqlClaims:
    return SqlClaims(engine, lease=timedelta(seconds=30))


async def only_claim(claims: SqlClaims) -> Claim:
    [claim] = await claims.claim(most=10)
    return claim


async def test_workers_that_race_never_get_the_same_job(engine: AsyncEngine, claims: SqlClaims) -> None:
    ids = [await add_job(engine, Walk(name=str(number))) for number in range(60)]

    async def take_all() -> list[str]:
        taken = []
        while found := await claims.claim(most=3):
            taken += [claim.job.id for claim in found]
        return taken

    shares = await asyncio.gather(*(take_all() for _ in range(8)))

    assert sorted(job_id for share in shares for job_id in share) == ids
    assert {each.attempts for each in await rows(engine)} == {1}


async def test_workers_that_race_for_one_id_get_it_once(engine: AsyncEngine, claims: SqlClaims) -> None:
    job_id = await add_job(engine, Walk(name="a"))

    found = await asyncio.gather(*(claims.claim(most=1, job_id=job_id) for _ in range(8)))

    assert [claim.job.attempt for share in found for claim in share] == [1]


async def test_a_claim_carries_the_job_and_its_checkpoint(engine: AsyncEngine, claims: SqlClaims) -> None:
    job_id = await add_job(engine, Walk(name="a", steps=7), checkpoint={"step": 3}, attempts=4)

    claim = await only_claim(claims)

    assert (claim.job.id, claim.job.attempt, claim.job.checkpoint) == (job_id, 5, {"step": 3})
    assert (claim.kind, claim.payload) == ("sample.walk", {"name": "a", "steps": 7})


async def test_a_claim_takes_no_more_than_asked_and_the_longest_waiting_first(
    engine: AsyncEngine, claims: SqlClaims
) -> None:
    now = CLOCK.now()
    ids = [await add_job(engine, Walk(name="a"), run_at=now - timedelta(minutes=age)) for age in (1, 3, 2)]

    found = await claims.claim(most=2)

    assert {claim.job.id for claim in found} == {ids[1], ids[2]}
    assert (await row(engine, ids[0])).state == "WAITING"


async def test_what_is_not_due_is_left(engine: AsyncEngine, claims: SqlClaims) -> None:
    later = CLOCK.now() + timedelta(minutes=1)
    ids = [await add_job(engine, Walk(name=state), state=state) for state in ("DONE", "PARKED")]
    ids.append(await add_job(engine, Walk(name="later"), run_at=later))
    before = await rows(engine)

    assert await claims.claim(most=10) == []
    assert [await claims.claim(most=1, job_id=job_id) for job_id in ids] == [[], [], []]
    assert await rows(engine) == before


async def test_a_job_is_claimed_anew_when_its_lease_has_run_out_and_not_before(
    engine: AsyncEngine, claims: SqlClaims
) -> None:
    await add_job(engine, Walk(name="a"))
    first = await only_claim(claims)
    assert await claims.claim(most=10) == []

    await change(engine, "UPDATE job SET lease_until = now() - interval '1 second'")
    second = await only_claim(claims)

    assert (first.job.attempt, second.job.attempt) == (1, 2)


async def test_a_lost_claim_can_neither_finish_nor_fail_nor_release(engine: AsyncEngine, claims: SqlClaims) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    claim = await only_claim(claims)
    await take_over(engine, job_id)
    before = await row(engine, job_id)

    assert not await claims.finish(claim)
    assert await claims.fail(claim, "Oops", random=0.5) is None
    await claims.release([claim])

    assert await row(engine, job_id) == before


async def test_a_unit_of_work_of_a_lost_claim_leaves_nothing(
    engine: AsyncEngine, claims: SqlClaims, uow: SqlUowFactory
) -> None:
    job_id = await add_job(engine, Walk(name="a"))
    claim = await only_claim(claims)
    await take_over(engine, job_id)
    before = await rows(engine)

    async with uow(Actor.system(claim.job)) as unit:
        unit.enqueue(Walk(name="child"))
        with pytest.raises(ClaimLost):
            await unit.commit(None)

    assert await rows(engine) == before


async def test_extending_renews_leases_and_tells_which_are_lost(engine: AsyncEngine, claims: SqlClaims) -> None:
    for name in "abc":
        await add_job(engine, Walk(name=name))
    held, lost, done = await claims.claim(most=3)
    await take_over(engine, lost.job.id)
    assert await claims.finish(done)
    await change(engine, "UPDATE job SET lease_until = now() + interval '1 second' WHERE state = 'RUNNING'")
    before = await row(engine, held.job.id)

    assert await claims.extend([held.key, lost.key, done.key]) == {lost.key}

    gained = (await row(engine, held.job.id)).lease_until - before.lease_until
    assert timedelta(seconds=28) < gained < timedelta(seconds=31)
    assert (await row(engine, done.job.id)).lease_until is None


async def test_extending_does_not_wait_for_a_handler_that_is_committing(engine: AsyncEngine, claims: SqlClaims) -> None:
    await add_job(engine, Walk(name="a"))
    claim = await only_claim(claims)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT * FROM job FOR UPDATE"))

        async with asyncio.timeout(20):
            assert await claims.extend([claim.key]) == set()


async def test_a_failure_waits_with_back_off_and_the_last_one_parks(engine: AsyncEngine, claims: SqlClaims) -> None:
    job_id = await add_job(engine, Walk(name="a"))

    for count in range(1, MOST_FAILURES):
        failure = await claims.fail(await only_claim(claims), f"Oops {count}", random=0.5)
        assert failure is not None
        assert failure.count == count
        assert failure.retry_in == min(FIRST_RETRY * 2 ** (count - 1), timedelta(hours=1)) / 2
        after = await row(engine, job_id)
        assert (after.state, after.failures, after.last_error) == ("WAITING", count, f"Oops {count}")
        assert after.run_at - after.updated_at == failure.retry_in
        await change(engine, "UPDATE job SET run_at = now()")

    last = await claims.fail(await only_claim(claims), "Oops", random=0.5)

    assert last is not None
    assert last.retry_in is None
    assert (await row(engine, job_id)).state == "PARKED"
    assert await claims.claim(most=10) == []


async def test_getting_somewhere_forgives_failures(engine: AsyncEngine, claims: SqlClaims, uow: SqlUowFactory) -> None:
    job_id = await add_job(engine, Walk(name="a", steps=2), failures=9, last_error="Oops")
    claim = await only_claim(claims)

    async with uow(Actor.system(claim.job)) as unit:
        unit.checkpoint({"step": 1}, progress=Progress(done=1, total=2))
        await unit.commit(None)
    failure = await claims.fail(claim, "Oops", random=0.0)

    assert failure is not None
    assert failure.count == 1
    assert (await row(engine, job_id)).checkpoint == {"step": 1}


async def test_crashes_do_not_count_as_failures_but_end_at_last(engine: AsyncEngine, claims: SqlClaims) -> None:
    job_id = await add_job(engine, Walk(name="a"), attempts=MOST_ATTEMPTS - 1)
    assert len(await claims.claim(most=1)) == 1
    await change(engine, "UPDATE job SET lease_until = now()")

    assert await claims.claim(most=1) == []

    after = await row(engine, job_id)
    assert (after.state, after.failures) == ("PARKED", 0)
    assert after.last_error == "200 workers have vanished while running this job."


async def test_a_retry_gives_up_its_dedupe_key_to_the_job_that_waits(engine: AsyncEngine, claims: SqlClaims) -> None:
    first = await add_job(engine, Walk(name="a"), dedupe_key="once")
    claim = await only_claim(claims)
    second = await add_job(engine, Walk(name="a"), dedupe_key="once")

    assert await claims.fail(claim, "Oops", random=0.5) is not None

    assert ((await row(engine, first)).dedupe_key, (await row(engine, second)).dedupe_key) == (None, "once")


async def test_released_jobs_are_due_at_once_and_their_claim_is_void(engine: AsyncEngine, claims: SqlClaims) -> None:
    await add_job(engine, Walk(name="a"))
    first = await only_claim(claims)

    await claims.release([first])
    second = await only_claim(claims)

    assert second.job.attempt == 2
    assert not await claims.finish(first)
