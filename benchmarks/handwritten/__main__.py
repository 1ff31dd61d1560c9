"""`python -m benchmarks.handwritten FILE`: serves one family of endpoints, as the file of JSON says."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
from uvicorn import Config, Server

from benchmarks.handwritten import core, plain, whole
from benchmarks.handwritten.tokens import Tokens

_ROUTERS = {"core": core.router, "plain": plain.router, "whole": whole.router}


@asynccontextmanager
async def lifespan(settings: dict[str, Any], app: FastAPI) -> AsyncIterator[None]:
    app.state.tokens = Tokens(settings["keys"], issuer=settings["issuer"])
    async with AsyncExitStack() as stack:
        if settings["family"] == "core":
            # Each statement commits by itself, so that a connection is given back as clean as it was taken.
            engine = create_async_engine(
                settings["url"],
                isolation_level="AUTOCOMMIT",
                pool_size=settings["poolSize"],
                max_overflow=0,
                pool_timeout=settings["poolSeconds"],
                pool_reset_on_return=None,
            )
            stack.push_async_callback(engine.dispose)
            app.state.engine = engine
        else:
            url = settings["url"].replace("+asyncpg", "", 1)
            # Nothing is left behind on a connection here, so that asking the server to reset it would be in vain.
            pool = asyncpg.create_pool(url, min_size=1, max_size=settings["poolSize"], reset=_nothing)
            app.state.pool = await stack.enter_async_context(pool)
        yield


async def _nothing(_connection: object) -> None:
    return


def main() -> None:
    settings = orjson.loads(Path(sys.argv[1]).read_bytes())
    app = FastAPI(lifespan=partial(lifespan, settings), openapi_url=None)
    app.include_router(_ROUTERS[settings["family"]])
    config = Config(
        app, host="127.0.0.1", port=settings["port"], http="httptools", access_log=False, log_level="warning"
    )
    Server(config).run()


if __name__ == "__main__":
    main()
