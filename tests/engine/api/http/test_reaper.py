import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest

from api.http.reaper import TICK_SECONDS, End, Reaper, Watch
from api.shared.extensions import IS_CLOSING
from tests.engine.api.http.http_world import BEARER, World, build
from tests.engine.api.server.connection_world import serving
from tests.patience import PATIENCE

SOON = 0.01
LATER = 3_600.0


@pytest.fixture
def reaper() -> Reaper:
    return Reaper()


def after(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def forever() -> None:
    await asyncio.Event().wait()


async def never_leaves() -> dict[str, Any]:
    await forever()
    raise AssertionError


def extension(is_gone: Callable[[], bool]) -> dict[str, Any]:
    return {"type": "http", "extensions": {IS_CLOSING: {"call": is_gone}}}


def cancellations() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


@pytest.mark.parametrize("seconds", [-1, 0, SOON, TICK_SECONDS * 1.5])
async def test_a_block_ends_at_its_deadline(reaper: Reaper, seconds: float) -> None:
    deadline = after(seconds)
    with reaper.until(deadline) as watch:
        await forever()
    assert watch.end is End.TIME_IS_OVER
    assert after(0) >= deadline
    assert cancellations() == 0
    await asyncio.sleep(0)  # the task goes on as if nothing had been canceled


async def test_each_of_many_deadlines_is_met_in_its_turn(reaper: Reaper) -> None:
    ended: list[float] = []

    async def run(seconds: float) -> None:
        with reaper.until(after(seconds)):
            await forever()
        ended.append(seconds)

    waits = [0.3, 0.01, 0.15, 0.02, 0.0]
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*map(run, waits))
    assert ended == sorted(waits)


async def test_what_the_block_raises_is_raised(reaper: Reaper) -> None:
    for error in (ValueError, TimeoutError):
        with pytest.raises(error), reaper.until(after(LATER)) as watch:
            raise error
        assert watch.end is None


async def test_a_failing_cleanup_is_raised(reaper: Reaper) -> None:
    async def clean_up_and_fail() -> None:
        try:
            await forever()
        finally:
            raise ConnectionError

    with pytest.raises(ConnectionError), reaper.until(after(SOON)):
        await clean_up_and_fail()
    assert cancellations() == 0


async def test_a_block_that_completes_in_spite_of_its_end_keeps_its_result(reaper: Reaper) -> None:
    with reaper.until(after(SOON)) as watch:
        with suppress(asyncio.CancelledError):
            await forever()
        await asyncio.sleep(0)
    assert watch.end is End.TIME_IS_OVER
    assert cancellations() == 0


async def test_a_commit_that_is_shielded_is_not_broken_off(reaper: Reaper) -> None:
    committed = False

    async def commit() -> None:
        nonlocal committed
        await asyncio.sleep(TICK_SECONDS * 3)
        committed = True

    with reaper.until(after(SOON)) as watch:
        task = asyncio.create_task(commit())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await task  # one cancellation only, so that this wait is not canceled as well
            raise
    assert committed
    assert watch.end is End.TIME_IS_OVER


@pytest.mark.parametrize("is_also_late", [False, True])
async def test_a_cancellation_from_outside_ends_the_task(reaper: Reaper, is_also_late: bool) -> None:
    watches: list[Watch] = []

    async def run() -> None:
        with reaper.until(after(LATER)) as watch:
            watches.append(watch)
            await forever()

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    if is_also_late:  # both within one turn of the loop, as at shutdown
        watches[0].deadline = 0
        watches[0].look(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


@pytest.mark.parametrize("first", ["inner", "outer", "both"])
async def test_blocks_can_be_nested(reaper: Reaper, first: str) -> None:
    inner_deadline = after(LATER if first == "outer" else SOON)
    outer_deadline = after(LATER) if first == "inner" else inner_deadline if first == "both" else after(SOON)
    is_inside_over = False
    with reaper.until(outer_deadline) as outer:
        with reaper.until(inner_deadline) as inner:
            await forever()
        is_inside_over = True
    assert is_inside_over is (first == "inner")
    assert inner.end is (None if first == "outer" else End.TIME_IS_OVER)
    assert outer.end is (None if first == "inner" else End.TIME_IS_OVER)
    assert cancellations() == 0


async def test_a_loop_that_was_blocked_ends_what_is_late(reaper: Reaper) -> None:
    with reaper.until(after(SOON)) as watch:
        time.sleep(TICK_SECONDS * 2)  # noqa: ASYNC251  blocks the loop
        await forever()
    assert watch.end is End.TIME_IS_OVER


async def test_a_block_without_a_wait_is_not_ended(reaper: Reaper) -> None:
    """The task of the request could be canceled only after the block."""
    with reaper.until(after(SOON)) as watch:
        time.sleep(TICK_SECONDS * 2)  # noqa: ASYNC251  blocks the loop
    await asyncio.sleep(TICK_SECONDS * 2)
    assert watch.end is None


async def test_a_client_that_is_gone_ends_the_block(reaper: Reaper) -> None:
    is_gone = False
    with reaper.until_left(after(LATER), extension(lambda: is_gone), never_leaves) as watch:
        await asyncio.sleep(TICK_SECONDS * 3)
        is_gone = True
        await forever()
    assert watch.end is End.CLIENT_IS_GONE
    assert cancellations() == 0


async def test_a_message_tells_that_the_client_is_gone(reaper: Reaper) -> None:
    """On servers without the extension."""
    before, left = asyncio.all_tasks(), asyncio.Event()
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    with reaper.until_left(after(LATER), {"type": "http"}, receive) as watch:
        await asyncio.sleep(TICK_SECONDS * 3)
        left.set()
        await forever()
    assert watch.end is End.CLIENT_IS_GONE
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before


async def test_requests_need_neither_a_task_nor_a_timer_of_their_own(
    reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"create_task": 0, "call_at": 0, "call_later": 0}
    loop = asyncio.get_running_loop()

    def counted(name: str, original: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        counts[name] += 1
        return original(*arguments, **options)

    for name in counts:
        monkeypatch.setattr(loop, name, partial(counted, name, getattr(loop, name)))
    for scope in (extension(lambda: False), {"type": "http"}):
        for _ in range(1_000):
            with reaper.until(after(LATER)):
                pass
            with reaper.until_left(after(LATER), scope, never_leaves):
                pass
    ticks = counts["call_at"]
    assert counts == {"create_task": 0, "call_at": ticks, "call_later": 0}
    assert ticks <= 2
    await asyncio.sleep(TICK_SECONDS * 4)
    assert counts["call_at"] - ticks <= 1, "an idle server does not wake up"


async def test_a_check_that_fails_is_logged_once_and_harms_no_other(
    reaper: Reaper, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> bool:
        raise RuntimeError("no connection")

    async def failing() -> End | None:
        with reaper.until_left(after(TICK_SECONDS * 6), extension(fail), never_leaves) as watch:
            await forever()
        return watch.end

    async def other() -> End | None:
        with reaper.until(after(TICK_SECONDS * 4)) as watch:
            await forever()
        return watch.end

    async with asyncio.timeout(PATIENCE):
        assert await asyncio.gather(failing(), other()) == [End.TIME_IS_OVER] * 2
    (record,) = caplog.records
    assert (record.levelno, record.exc_info is not None) == (logging.ERROR, True)


async def test_a_look_that_crashes_is_logged_and_followed_by_the_next(
    reaper: Reaper, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    look, crashes = Watch.look, [RuntimeError("a bug"), RuntimeError("a bug")]

    def crash(self: Watch, now: float) -> None:
        if crashes:
            raise crashes.pop()
        look(self, now)

    monkeypatch.setattr(Watch, "look", crash)
    async with asyncio.timeout(PATIENCE):
        with reaper.until(after(SOON)) as watch:
            await forever()
    assert watch.end is End.TIME_IS_OVER
    assert [record.name for record in caplog.records] == ["asyncio"] * 2


async def test_looks_run_outside_of_the_request_that_started_them(reaper: Reaper) -> None:
    name = ContextVar("name", default="nobody")
    seen: list[str] = []

    def is_gone() -> bool:
        seen.append(name.get())
        return True

    name.set("a request")
    with reaper.until_left(after(LATER), extension(is_gone), never_leaves):
        await forever()
    assert seen == ["nobody"]


def test_a_second_loop_starts_anew(reaper: Reaper) -> None:
    async def abandoned() -> None:
        with reaper.until(after(LATER)):
            await forever()

    loop = asyncio.new_event_loop()
    task = loop.create_task(abandoned())
    loop.call_later(TICK_SECONDS / 2, loop.stop)
    loop.run_forever()
    loop.close()

    async def ended() -> End | None:
        with reaper.until(after(SOON)) as watch:
            await asyncio.wait_for(forever(), PATIENCE)
        return watch.end

    assert asyncio.run(ended()) is End.TIME_IS_OVER
    with suppress(RuntimeError):  # its loop is closed
        task.cancel()
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # on purpose


async def started_request(world: World, send: Callable[[bytes], Awaitable[None]]) -> None:
    token = BEARER["Authorization"]
    body = b'{"query":"{endless}"}'
    head = f"POST /graphql HTTP/1.1\r\nHost: test\r\nAuthorization: {token}\r\nContent-Length: {len(body)}\r\n"
    await send(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
    await world.started.wait()


async def test_a_server_ends_the_work_for_a_client_that_leaves() -> None:
    world = World()
    app = build(world)
    async with app.router.lifespan_context(app), serving(served=app) as server, asyncio.timeout(PATIENCE):
        before = len(asyncio.all_tasks())
        client = await server.client()
        await started_request(world, client.send)
        await asyncio.sleep(TICK_SECONDS * 3)
        assert not world.canceled.is_set()
        assert len(asyncio.all_tasks()) == before + 1, "the request has one task only"
        client.writer.close()
        await world.canceled.wait()
        await server.emptied()
    assert world.open_scopes == 0
