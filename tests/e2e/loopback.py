"""A real uvicorn on a port of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import create_server, socket

from fastapi import FastAPI
from uvicorn import Server

from api.server.connections import BoundedConfig

START_SECONDS = 60


def new_listener() -> socket:
    """Listening socket on a free loopback port, for an application that must know its own address."""
    return create_server(("127.0.0.1", 0))


@asynccontextmanager
async def served(app: FastAPI, listener: socket | None = None) -> AsyncIterator[str]:
    """The address of the application, served in this process until the block is left."""
    with listener or new_listener() as listener:
        config = BoundedConfig(app, head_seconds=10, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(START_SECONDS):
                while not server.started:
                    if task.done():
                        await task
                    await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
