import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.dev.stop_request import STOP_SIGNALS, Stopped, StopRequest, stop_signals_held
from tests.servers import driver_url

ROOT = Path(__file__).parents[4]
STOPPED_WHILE_IT_SENDS = """
import signal, sys
from asyncio import selector_events
import asyncpg
from infra.dev.stop_request import Stopped, StopRequest

class Transport(selector_events._SelectorSocketTransport):
    def write(self, data):
        super().write(data)
        if b"SELECT 1" in bytes(data):
            signal.raise_signal(signal.SIGTERM)

async def work():
    connection = await asyncpg.connect(sys.argv[1])
    await connection.prepare("SELECT 1")
    print("prepared")

selector_events._SelectorSocketTransport = Transport
request = StopRequest()
request.listen()
try:
    request.run(work)
except Stopped:
    print("stopped")
"""
FORKED_WHILE_A_SIGNAL_IS_HELD = """
import os, signal
from infra.dev.stop_request import StopRequest, end_by_stop_signals, stop_signals_held

StopRequest().listen()
with stop_signals_held():
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGTERM)
        print("held", flush=True)
        end_by_stop_signals()
        print("outlived it", flush=True)
        os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
def request_() -> Iterator[StopRequest]:
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    request = StopRequest()
    request.listen()
    yield request
    for number, handler in before.items():
        signal.signal(number, handler)


def output_of(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_noted_and_raises_only_where_it_is_looked_at(request_: StopRequest, number: signal.Signals):
    request_.check()
    signal.raise_signal(number)
    with pytest.raises(Stopped):
        request_.check()


def test_work_gives_its_result(request_: StopRequest):
    async def work() -> int:
        return 7

    assert request_.run(work) == 7


def test_a_signal_cancels_work_at_its_next_await_and_a_second_one_leaves_its_tidying_alone(request_: StopRequest):
    steps = []

    async def work() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            steps.append("went on")
            await asyncio.Event().wait()
        finally:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            steps.append("tidied")

    with pytest.raises(Stopped):
        request_.run(work)
    assert steps == ["went on", "tidied"]


def test_a_signal_wakes_work_that_waits(request_: StopRequest):
    async def work() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
        await asyncio.Event().wait()

    with pytest.raises(Stopped):
        request_.run(work)


def test_a_signal_that_came_before_or_at_the_end_of_work_is_obeyed(request_: StopRequest):
    begun = []

    async def work() -> None:
        begun.append(True)
        signal.raise_signal(signal.SIGTERM)

    for _ in range(2):
        with pytest.raises(Stopped):
            request_.run(work)
    assert begun == [True]


def test_work_that_cancels_itself_is_not_taken_for_stopped(request_: StopRequest):
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        request_.run(work)
    request_.check()


def test_a_signal_while_asyncpg_sends_a_statement_stops_the_process_in_order(servers: dict[str, str]):
    # With a handler that raises, asyncpg loses the exception and dies by SIGSEGV at the server's answer.
    assert output_of(STOPPED_WHILE_IT_SENDS, driver_url(servers["database_url"])) == "stopped\n"


def test_a_held_signal_comes_when_the_block_is_left(request_: StopRequest):
    with stop_signals_held():
        signal.raise_signal(signal.SIGTERM)
        request_.check()
    with pytest.raises(Stopped):
        request_.check()


def test_a_signal_that_a_forked_process_got_before_it_was_set_up_ends_it():
    assert output_of(FORKED_WHILE_A_SIGNAL_IS_HELD) == f"held\n-{int(signal.SIGTERM)}\n"
