import asyncio
import errno
import fcntl
import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.shared.log_lines import MOST_ATOMIC_BYTES, MOST_HELD_BYTES, LineHandler
from infra.shared.logs import JsonFormatter, JsonHandler

FACTS = {"method": "POST", "path": "/graphql", "status": 200, "ms": 1.5, "operation": "Named"}


class Writes:
    """Replaces `os.write`: keeps what is written, or fails."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.failure: OSError | None = None
        self.most = 1_000_000

    def __call__(self, data: bytes) -> int:
        if self.failure is not None:
            raise self.failure
        self.chunks.append(data[: self.most])
        return len(self.chunks[-1])

    @property
    def lines(self) -> list[str]:
        return b"".join(self.chunks).decode().splitlines()


@pytest.fixture
def writes() -> Writes:
    return Writes()


@pytest.fixture
def handler(writes: Writes) -> LineHandler:
    handler = LineHandler(io.StringIO())
    handler._write = writes
    return handler


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, __file__, 1, message, None, None)


async def test_lines_of_one_turn_are_written_at_once_and_in_order(handler: LineHandler, writes: Writes) -> None:
    for number in range(3):
        handler.hold(b"%d\n" % number)
    assert writes.chunks == []
    await asyncio.sleep(0)
    assert writes.chunks == [b"0\n1\n2\n"]
    handler.hold(b"3\n")
    handler.handle(record("4"))
    assert writes.lines == ["0", "1", "2", "3", "4"]
    await asyncio.sleep(0)
    assert len(writes.lines) == 5


async def test_records_of_other_threads_keep_the_order(handler: LineHandler, writes: Writes) -> None:
    handler.hold(b"before\n")
    await asyncio.to_thread(handler.handle, record("thread"))
    handler.hold(b"after\n")
    await asyncio.sleep(0)
    assert writes.lines == ["before", "thread", "after"]


def test_without_an_event_loop_lines_are_written_at_once(handler: LineHandler, writes: Writes) -> None:
    handler.hold(b"now\n")
    assert writes.lines == ["now"]


def test_a_loop_that_ended_before_it_wrote_does_not_keep_others_from_writing(
    handler: LineHandler, writes: Writes
) -> None:
    loop = asyncio.new_event_loop()
    loop.call_soon(handler.hold, b"old\n")
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert writes.lines == []

    async def hold() -> None:
        handler.hold(b"new\n")
        await asyncio.sleep(0)

    asyncio.run(hold())
    assert writes.lines == ["old", "new"]


async def test_no_write_is_larger_than_what_a_pipe_takes_in_one_piece(handler: LineHandler, writes: Writes) -> None:
    lines = [b"%04d" % number + b"x" * 995 + b"\n" for number in range(50)]
    for line in lines:
        handler.hold(line)
    await asyncio.sleep(0)
    assert b"".join(writes.chunks) == b"".join(lines)
    assert all(len(chunk) <= MOST_ATOMIC_BYTES and chunk.endswith(b"\n") for chunk in writes.chunks)
    assert len(writes.chunks) == 13


def test_the_rest_of_a_partial_write_follows(handler: LineHandler, writes: Writes) -> None:
    writes.most = 7
    handler.handle(record("a line that is longer than one write"))
    assert writes.lines == ["a line that is longer than one write"]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4_096)
    os.set_blocking(writing, False)
    os.set_blocking(reading, False)
    yield reading, writing
    for descriptor in (reading, writing):
        os.close(descriptor)


async def test_a_full_pipe_is_tried_again_and_loses_nothing(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    handler = LineHandler(os.fdopen(writing, "w", closefd=False))
    expected = [f"{number} {'x' * 300}" for number in range(100)]
    for line in expected[:50]:
        handler.handle(record(line))
    for line in expected[50:]:
        handler.hold(f"{line}\n".encode())
    received = b""
    async with asyncio.timeout(30):
        while received.count(b"\n") < 100:
            await asyncio.sleep(0.01)
            try:
                received += os.read(reading, 65_536)
            except BlockingIOError:
                continue
    assert received.decode().splitlines() == expected


async def test_lines_beyond_the_limit_are_lost_and_counted(handler: LineHandler, writes: Writes) -> None:
    writes.failure = BlockingIOError()
    line = b"x" * 999 + b"\n"
    for _ in range(MOST_HELD_BYTES // 1_000 + 7):
        handler.hold(line)
    await asyncio.sleep(0)
    writes.failure = None
    handler.flush()
    assert len(writes.lines) == MOST_HELD_BYTES // 1_000 + 1
    assert writes.lines[-1] == "7 log lines were lost: The reader was too slow."


@pytest.mark.parametrize("code", [errno.EPIPE, errno.ENOSPC, errno.EBADF, errno.EIO])
def test_a_broken_stream_harms_nobody_and_is_told_when_it_works_again(
    handler: LineHandler, writes: Writes, code: int
) -> None:
    writes.failure = OSError(code, os.strerror(code))
    for _ in range(3):
        handler.handle(record("lost"))
    writes.failure = None
    handler.handle(record("written"))
    assert writes.lines == ["written", f"3 log lines were lost: [Errno {code}] {os.strerror(code)}"]


def test_a_closed_stream_harms_nobody() -> None:
    stream = io.StringIO()
    handler = LineHandler(stream)
    stream.close()
    handler.handle(record("lost"))
    handler.flush()


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        FACTS | {"path": "/\x9b31m\u202e"},
        FACTS | {"path": "/\ud800"},
        FACTS | {"path": '/\x00\x1b\x7f"\\\t'},
        FACTS | {"path": Path("/x"), "level": "forged", "time": 0},
    ],
    ids=str,
)
@pytest.mark.parametrize("request_id", ["abc12345", None])
def test_a_line_without_a_record_is_that_of_the_record(
    monkeypatch: pytest.MonkeyPatch, facts: dict[str, object], request_id: str | None
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_790_000_000.0625)
    stream = io.StringIO()
    handler = JsonHandler(stream, lambda: request_id)
    message = f"POST {facts['path']}"
    said = record(message)
    said.name, said.facts = "api.x", facts
    handler.handle(said)
    assert handler.emit_facts(logging.INFO, "api.x", message, facts)
    first, second = stream.getvalue().splitlines()
    assert first == second
    assert first.isascii()
    assert json.loads(first)["time"] == "2026-09-21T14:13:20.062Z"


def test_a_changed_handler_wants_records() -> None:
    def emitted(change: str) -> bool:
        handler = JsonHandler(io.StringIO(), lambda: None)
        if change == "level":
            handler.setLevel(logging.WARNING)
        elif change == "formatter":
            handler.setFormatter(JsonFormatter())
        elif change == "filter":
            handler.addFilter(lambda _: False)
        return handler.emit_facts(logging.INFO, "api.x", "GET /", FACTS)

    assert [emitted(change) for change in ("nothing", "level", "formatter", "filter")] == [True, False, False, False]


ENDS = {
    "exit": "asyncio.get_running_loop().stop()",
    "crash": "raise SystemExit(3)",
    "full pipe": "os.set_blocking(2, False); raise SystemExit",
}


@pytest.mark.parametrize("end", ENDS)
def test_held_lines_are_written_before_the_process_ends(end: str) -> None:
    script = f"""
import asyncio, logging, os
from infra.shared.logs import configure_logging
configure_logging(is_json=True, level="INFO")
def end():
    for number in range(2_000):
        logging.getLogger().handlers[0].emit_facts(20, "x", str(number), {{}})
    {ENDS[end]}
async def main():
    end()
loop = asyncio.new_event_loop()
loop.create_task(main())
loop.run_forever()
"""
    ended = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, timeout=60, check=False)
    entries = [json.loads(line) for line in ended.stderr.decode().splitlines() if line.startswith("{")]
    written = [entry["message"] for entry in entries if entry["logger"] == "x"]
    assert written == [str(number) for number in range(2_000)], ended.stderr[-300:]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_has_logged_every_request(stop: signal.Signals) -> None:
    """Also the requests that were running when the signal came."""
    script = """
import asyncio, logging, os, signal, sys
from uvicorn import Config, Server
from infra.shared.logs import configure_logging
configure_logging(is_json=True, level="INFO")
left = 50
async def app(scope, receive, send):
    global left
    left -= 1
    await asyncio.sleep(0.02)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})
    logging.getLogger().handlers[0].emit_facts(20, "x", "request", {})
async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
    await reader.read()
async def main():
    server = Server(Config(app, port=0, lifespan="off", log_config=None, access_log=False))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    asks = [asyncio.create_task(ask(port)) for _ in range(50)]
    while left:
        await asyncio.sleep(0)
    os.kill(os.getpid(), int(sys.argv[1]))
    await task
asyncio.run(main())
"""
    command = [sys.executable, "-c", script, str(int(stop))]
    ended = subprocess.run(command, stderr=subprocess.PIPE, timeout=60, check=False)
    messages = [json.loads(line)["message"] for line in ended.stderr.decode().splitlines() if line.startswith("{")]
    assert messages.count("request") == 50, ended.stderr[-2000:]
    assert ended.returncode in (-stop, 0, 1)
