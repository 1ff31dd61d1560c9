"""The schema as a file, for those who may introspect it: whoever has signed in."""

import asyncio
from functools import cache

from graphql import GraphQLSchema
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.explorer.pages import members_only
from api.shared.sdl import sdl_of

NAME = "schema.graphql"


def schema_route(path: str, schema: GraphQLSchema) -> Route:
    text = cache(lambda: sdl_of(schema))

    async def serve(_: Request) -> Response:
        # Half a second of work, once.
        content = await asyncio.to_thread(text)
        return PlainTextResponse(content, headers={"Content-Disposition": f'attachment; filename="{NAME}"'})

    return Route(f"{path}/{NAME}", members_only(serve), include_in_schema=False)
