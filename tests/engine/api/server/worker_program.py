"""A server with two workers whose application answers with the number of its process.

Arguments: a listening socket's file descriptor, and a folder. Workers fail to start if the folder has a file `broken`,
and are not ready before it has a file `open`.
"""

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

from starlette.types import Receive, Scope, Send

from api.server.connections import BoundedConfig
from api.server.worker_processes import WorkerProcesses
from api.server.worker_sockets import worker_sockets

FOLDER = "WORKER_PROGRAM_FOLDER"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(Path(os.environ[FOLDER]), receive, send)
        return
    answer = str(os.getpid()).encode()
    length = (b"content-length", str(len(answer)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": answer})


async def _live(folder: Path, receive: Receive, send: Send) -> None:
    await receive()
    if (folder / "broken").exists():
        await send({"type": "lifespan.startup.failed", "message": "broken"})
        return
    while not (folder / "open").exists():  # noqa: ASYNC110  another process creates the file
        await asyncio.sleep(0.01)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    listener = socket.socket(fileno=int(sys.argv[1]))
    os.environ[FOLDER] = sys.argv[2]
    config = BoundedConfig(
        "tests.engine.api.server.worker_program:app",
        head_seconds=10,
        workers=2,
        lifespan="on",
        log_config=None,
        timeout_graceful_shutdown=5,
        timeout_worker_healthcheck=30,
    )
    WorkerProcesses(config, worker_sockets(listener, workers=2)).run()


if __name__ == "__main__":
    main()
