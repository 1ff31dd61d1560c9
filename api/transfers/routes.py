"""Handing in files, over REST."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.auth.routes import app_of, signed_in
from domain.app import App
from domain.shared.actor import Actor

FILES_PATH = "/imports/files"
_STARTS = (b"\x1f\x8b", b"{", b"[")  # gzip, or JSON after white space
_FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}
_STORED = {"example": {"fileId": "fil_01m84jak5te00832v3rhnkb4f8", "size": 4711}}

router = APIRouter(tags=["imports"])


@router.post(
    FILES_PATH,
    status_code=HTTPStatus.CREATED,
    openapi_extra=_FILE,
    responses={HTTPStatus.CREATED.value: {"description": "The file.", "content": {"application/json": _STORED}}},
)
async def upload(
    request: Request,
    app: Annotated[App, Depends(app_of)],
    actor: Annotated[Actor, Depends(signed_in)],
    name: Annotated[str, Query(description="What people call the file.")] = "import",
) -> Response:
    """Stores the body, JSON or gzip of it, for `importStart`."""
    try:
        written = await app.imports.upload(actor, unquote(name), _recognised(request.stream()))
    except ClientDisconnect as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The body is not complete.") from error
    content = {"fileId": written.value.id, "size": written.value.size}
    return Response(orjson.dumps(content), HTTPStatus.CREATED, media_type="application/json")


async def _recognised(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, once their beginning is seen to be of a file that can be imported."""
    is_recognised = False
    async for chunk in chunks:
        start = chunk.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not is_recognised and start:
            if not start.startswith(_STARTS):
                raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is neither JSON nor gzip.")
            is_recognised = True
        yield chunk
    if not is_recognised:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The body is empty.")
