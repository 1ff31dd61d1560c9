"""The GraphQL schema as a file, for callers who may introspect it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus

from graphql import GraphQLSchema
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.graphql.sdl import sdl_of
from api.http.compression import gzip
from api.http.conditional import entity_tag, is_known
from api.http.negotiation import is_gzip_accepted

NAME = "schema.graphql"
Identify = Callable[[Request], Awaitable[object]]


def schema_route(
    path: str, schema: GraphQLSchema, identify: Identify, *, is_open: bool, is_compressed: bool = True
) -> Route:
    """GET of the SDL, with an entity tag. `identify` refuses callers who are not signed in, unless `is_open`."""

    @cache
    def file() -> tuple[bytes, bytes]:
        content = sdl_of(schema).encode()
        return content, gzip(content)

    async def serve(request: Request) -> Response:
        if not is_open or "authorization" in request.headers:
            await identify(request)
        # Printing the schema takes half a second and happens once.
        plain, packed = await asyncio.to_thread(file)
        accepted = ",".join(request.headers.getlist("accept-encoding")).encode("latin-1")
        is_packed = is_compressed and is_gzip_accepted(accepted)
        content = packed if is_packed else plain
        headers = {
            "Cache-Control": "private, no-cache",
            "Content-Disposition": f'inline; filename="{NAME}"',
            "ETag": entity_tag(content),
            "Vary": "Authorization, Accept-Encoding" if is_compressed else "Authorization",
        }
        if is_known(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(None, HTTPStatus.NOT_MODIFIED, headers)
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        return PlainTextResponse(content, headers=headers)

    return Route(f"{path}/{NAME}", serve, include_in_schema=False)
