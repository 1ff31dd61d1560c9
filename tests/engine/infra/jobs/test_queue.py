import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
import redis.asyncio
from redis.asyncio.client import PubSub

from infra.audit.revisions import channel_of
from infra.commits import Committed
from infra.jobs.queue import MOST_WAITING, ArqJobQueue, arq_redis
from tests.connections import listening
from tests.engine.infra.jobs.rows import until
from tests.engine.infra.jobs.sample import IDS
from tests.engine.infra.shared.redis_relay import RedisRelay, open_relay
from tests.patience import PATIENCE

NOBODY_THERE = "redis://127.0.0.1:1/0"
LIVELINESS = 30  # seconds


async def test_workers_are_notified_of_each_job_once(redis_database: str) -> None:
    queue, client = ArqJobQueue(redis_database), arq_redis(redis_database)

    async def woken() -> list[str]:
        return [job.args[0] for job in await client.queued_jobs() if job.function == "run_job"]

    ids = [IDS.new("job") for _ in range(250)]

    for job_id in [*ids, ids[0]]:
        queue.wake(job_id)

    async def have_arrived() -> bool:
        return len(await woken()) >= len(ids)

    await until(have_arrived)
    assert sorted(await woken()) == ids
    await queue.aclose()
    await client.aclose()


async def announcement(channel: PubSub) -> tuple[str, int]:
    """Channel and revision of the next announcement."""
    async with asyncio.timeout(PATIENCE):
        while True:
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=5)
            if message is not None:
                return message["channel"].decode(), int(message["data"])


async def test_a_commit_announces_its_revision_and_wakes_its_jobs(redis_database: str) -> None:
    queue, client = ArqJobQueue(redis_database), arq_redis(redis_database)
    job_id, workspace_id = IDS.new("job"), IDS.new("wsp")
    async with client.pubsub() as channel:
        await channel.subscribe(channel_of(workspace_id), channel_of(IDS.new("wsp")))
        await channel.get_message(timeout=PATIENCE)

        queue.after_commit(Committed(revisions={workspace_id: 7}, job_ids=[job_id]))
        queue.after_commit(Committed())

        announced = await announcement(channel)

    async def is_queued() -> bool:
        return [job.args for job in await client.queued_jobs()] == [[job_id]]

    await until(is_queued)
    assert announced == (channel_of(workspace_id), 7)
    await queue.aclose()
    await client.aclose()


async def test_commits_that_follow_each_other_closely_are_announced_together(
    redis_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.jobs.queue.SPACING_SECONDS", 0.2)
    queue, client = ArqJobQueue(redis_database), arq_redis(redis_database)
    workspace_id = IDS.new("wsp")
    async with client.pubsub() as channel:
        await channel.subscribe(channel_of(workspace_id))
        await channel.get_message(timeout=PATIENCE)
        queue.announce(workspace_id, 1)
        at_once = await announcement(channel)
        for revision in range(2, 50):
            queue.announce(workspace_id, revision)
            await asyncio.sleep(0)
        later = await announcement(channel)

    assert (at_once[1], later[1]) == (1, 49)
    await queue.aclose()
    await client.aclose()


async def test_values_in_redis_are_json(redis_database: str) -> None:
    queue, client = ArqJobQueue(redis_database), redis.asyncio.from_url(redis_database)
    job_id = IDS.new("job")

    queue.wake(job_id)

    async def is_there() -> bool:
        return bool(await client.exists(f"arq:job:{job_id}"))

    await until(is_there)
    stored = orjson.loads(await client.get(f"arq:job:{job_id}"))
    assert (stored["f"], stored["a"]) == ("run_job", [job_id])
    await queue.aclose()
    await client.aclose()


async def test_closing_sends_what_is_left(redis_database: str) -> None:
    queue, client = ArqJobQueue(redis_database), arq_redis(redis_database)

    queue.wake(IDS.new("job"))
    await queue.aclose()

    assert len(await client.queued_jobs()) == 1
    await client.aclose()


@asynccontextmanager
async def frozen_server() -> AsyncIterator[str]:
    """Accepts connections and never answers."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with listening(hold) as port:
        yield f"redis://127.0.0.1:{port}/0"


@pytest.mark.parametrize("is_frozen", [False, True])
async def test_without_redis_sending_does_not_block(is_frozen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.jobs.queue.REDIS_SECONDS", 3600.0)  # what it would take to wait for this Redis
    async with asyncio.timeout(LIVELINESS), frozen_server() as frozen:
        queue = ArqJobQueue(frozen if is_frozen else NOBODY_THERE)
        queue.after_commit(Committed(revisions={"wsp_1": 1}, job_ids=[IDS.new("job") for _ in range(100)]))
        await asyncio.sleep(0)  # the sender begins
        await queue.aclose()


async def test_an_outage_is_logged_once_and_its_end_too(
    redis_database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "infra.jobs.queue")
    async with open_relay(redis_database, tmp_path) as relay:
        await relay.cut()
        await _outage(redis_database, relay)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def _outage(redis_database: str, relay: RedisRelay) -> None:
    """Proves that jobs woken and revisions announced while Redis is away arrive when Redis is back."""
    queue, workspace_id = ArqJobQueue(relay.url), IDS.new("wsp")
    for number in range(500):
        queue.wake(IDS.new("job"))
        queue.announce(workspace_id, number)

    async def has_failed_thrice() -> bool:
        return queue._failures >= 3

    await until(has_failed_thrice)
    client = redis.asyncio.from_url(redis_database)
    async with client.pubsub() as channel:
        await channel.subscribe(channel_of(workspace_id))
        await channel.get_message(timeout=PATIENCE)
        await relay.mend()
        announced = await announcement(channel)

    assert announced == (channel_of(workspace_id), 499)

    async def is_back() -> bool:
        return not queue._failures

    await until(is_back)
    await queue.aclose()
    await client.aclose()


async def test_a_flood_is_dropped_not_hoarded() -> None:
    queue = ArqJobQueue(NOBODY_THERE)

    for number in range(MOST_WAITING + 1000):
        queue.wake(f"job_{number}")

    assert len(queue._jobs) == MOST_WAITING
    await queue.aclose()
