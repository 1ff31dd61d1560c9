"""Handing in files, over REST."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.auth.routes import app_of, signed_in
from domain.app import App
from domain.shared.actor import Actor

FILES_PATH = "/imports/files"
_STARTS = (b"\x1f\x8b", b"{", b"[")  # gzip, or JSON after white space
_FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}

router = APIRouter(tags=["imports"])


@router.post(FILES_PATH, status_code=HTTPStatus.CREATED, openapi_extra=_FILE)
async def upload(
    request: Request,
    app: Annotated[App, Depends(app_of)],
    actor: Annotated[Actor, Depends(signed_in)],
    name: str = "import",
) -> Response:
    """Stores the body, JSON or gzip of it, for `importStart`; `name` is what people call the file."""
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
