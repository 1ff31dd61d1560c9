import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from domain.shared.throttle import Bucket, Throttle, TooOften, source_key
from infra.limits.throttle import LocalThrottle, RedisThrottle
from tests.connections import listening
from tests.fakes.clock import MemoryClock
from tests.patience import PATIENCE

SHORT = 0.4  # seconds


def client_at(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)


@pytest.fixture(params=["local", "redis"])
async def throttle(request: pytest.FixtureRequest, redis_database: str) -> AsyncIterator[Throttle]:
    if request.param == "local":
        yield LocalThrottle()
        return
    client = client_at(redis_database)
    yield RedisThrottle(client, LocalThrottle())
    await client.aclose()


async def admitted(throttle: Throttle, buckets: list[Bucket], tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            await throttle.take(buckets)
            count += 1
        except TooOften:
            pass
    return count


async def test_a_bucket_holds_its_limit(throttle: Throttle) -> None:
    assert await admitted(throttle, [Bucket("a", 10, 60)], 1000) == 10
    assert await admitted(throttle, [Bucket("b", 3, 60)], 5) == 3


async def test_at_once_too(throttle: Throttle) -> None:
    counts = await asyncio.gather(*(admitted(throttle, [Bucket("a", 10, 60)], 1) for _ in range(64)))
    assert sum(counts) == 10


async def test_a_refusal_says_how_long(throttle: Throttle) -> None:
    await throttle.take([Bucket("a", 1, 60)])
    with pytest.raises(TooOften, match=r"in (59|60) seconds") as refusal:
        await throttle.take([Bucket("a", 1, 60)])
    assert refusal.value.retry_after in (59, 60)


async def test_a_try_that_one_bucket_refuses_counts_in_none(throttle: Throttle) -> None:
    full, wide = Bucket("full", 1, 60), Bucket("wide", 5, 60)
    await throttle.take([full])
    assert await admitted(throttle, [wide, full], 10) == 0
    assert await admitted(throttle, [wide], 10) == 5


async def test_a_try_can_be_given_back(throttle: Throttle) -> None:
    bucket = Bucket("a", 2, 60)
    for _ in range(10):
        await throttle.take([bucket])
        await throttle.give_back([bucket])
    assert await admitted(throttle, [bucket], 5) == 2
    await throttle.give_back([Bucket("unknown", 2, 60)])


async def test_the_window_slides(throttle: Throttle) -> None:
    bucket = Bucket("a", 3, SHORT)
    assert await admitted(throttle, [bucket], 5) == 3
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while await admitted(throttle, [bucket], 1) == 0:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)


async def test_no_span_of_a_minute_holds_more_than_the_limit() -> None:
    clock = MemoryClock()
    throttle = LocalThrottle(lambda: clock.now().timestamp())
    bucket = Bucket("a", 10, 60)
    moments = []
    for second in range(200):
        moments += [second] * await admitted(throttle, [bucket], 3)
        clock.move(seconds=1)
    assert all(sum(start <= each < start + 60 for each in moments) <= 10 for start in range(200))
    assert len(moments) == 40


async def test_processes_share_their_buckets(redis_database: str) -> None:
    clients = [client_at(redis_database) for _ in range(2)]
    processes = [RedisThrottle(client, LocalThrottle()) for client in clients]
    assert sum([await admitted(processes[number % 2], [Bucket("a", 10, 60)], 1) for number in range(40)]) == 10
    restarted = RedisThrottle(clients[0], LocalThrottle())
    assert await admitted(restarted, [Bucket("a", 10, 60)], 5) == 0
    for client in clients:
        await client.aclose()


async def test_nothing_stays_in_redis_for_ever(redis_database: str) -> None:
    client = client_at(redis_database)
    await RedisThrottle(client, LocalThrottle()).take([Bucket("a", 10, 60), Bucket("b", 10, 600)])
    lives = sorted([await client.pttl(key) for key in await client.keys()])
    assert 0 < lives[0] <= 60_000 < lives[1] <= 600_000
    await client.aclose()


async def test_without_redis_each_process_counts_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    client = client_at(f"redis://127.0.0.1:{port}")
    throttle = RedisThrottle(client, LocalThrottle())
    assert await admitted(throttle, [Bucket("a", 10, 60)], 100) == 10
    await throttle.give_back([Bucket("a", 10, 60)])
    assert await admitted(throttle, [Bucket("a", 10, 60)], 100) == 1
    assert "Redis is unavailable" in caplog.text
    await client.aclose()


async def test_a_frozen_redis_does_not_block_requests() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silence) as port:
        client = Redis.from_url(f"redis://127.0.0.1:{port}", socket_timeout=0.1, socket_connect_timeout=0.1)
        throttle = RedisThrottle(client, LocalThrottle())
        async with asyncio.timeout(5):  # asking that Redis every time would take ten seconds
            assert await admitted(throttle, [Bucket("a", 10, 60)], 100) == 10
        await client.aclose()


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_a_source_is_an_address_or_a_network(address: str, key: str) -> None:
    assert source_key(address) == key
