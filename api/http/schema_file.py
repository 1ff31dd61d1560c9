"""The GraphQL schema as a file, for those who may introspect it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus

from graphql import GraphQLSchema
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http.conditional import entity_tag, is_known
from api.shared.sdl import sdl_of

NAME = "schema.graphql"


def schema_route(
    path: str, schema: GraphQLSchema, identify: Callable[[Request], Awaitable[object]], *, is_open: bool
) -> Route:
    """GET of the SDL, with an entity tag; `identify` refuses callers who are not signed in, unless it is open."""

    @cache
    def file() -> tuple[bytes, str]:
        content = sdl_of(schema).encode()
        return content, entity_tag(content)

    async def serve(request: Request) -> Response:
        if not is_open or "authorization" in request.headers:
            await identify(request)
        # Half a second of work, once.
        content, tag = await asyncio.to_thread(file)
        headers = {
            "Cache-Control": "private, no-cache",
            "Content-Disposition": f'inline; filename="{NAME}"',
            "ETag": tag,
            "Vary": "Authorization",
        }
        if is_known(request.headers.get("if-none-match"), tag):
            return Response(None, HTTPStatus.NOT_MODIFIED, headers)
        return PlainTextResponse(content, headers=headers)

    return Route(f"{path}/{NAME}", serve, include_in_schema=False)
