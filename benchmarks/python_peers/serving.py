"""HTTP around a GraphQL library: Starlette on uvicorn, the token check of the others, and a pool of asyncpg."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.handwritten.tokens import Tokens
from benchmarks.python_peers import settings
from benchmarks.python_peers.context import Context, NewLoader
from benchmarks.python_peers.reads import Reads, Shapes

Execute = Callable[[Mapping[str, Any], Context], Awaitable[Any]]


def serve(execute: Execute, shapes: Shapes, new_loader: NewLoader) -> None:
    """Serves `execute`, which makes the answer of a request's body, at /graphql."""
    told = settings.told()
    tokens = Tokens(told["keys"], issuer=told["issuer"])

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with pool_of(told) as app.state.pool:
            yield

    async def graphql(request: Request) -> Response:
        user_id = tokens.user_id(request.headers.get("authorization", ""))
        context = Context(Reads(request.app.state.pool, user_id, shapes), new_loader)
        answer = await execute(orjson.loads(await request.body()), context)
        return Response(orjson.dumps(answer, option=orjson.OPT_UTC_Z), media_type="application/json")

    settings.run(Starlette(routes=[Route("/graphql", graphql, methods=["POST"])], lifespan=lifespan), told["port"])


def pool_of(told: Mapping[str, Any]) -> Any:
    """Pool of asyncpg, to be opened as a context."""
    return asyncpg.create_pool(told["url"], min_size=1, max_size=told["poolSize"], reset=_nothing)


async def _nothing(_connection: object) -> None:
    """Connections need no reset: nothing is left behind on them here."""
