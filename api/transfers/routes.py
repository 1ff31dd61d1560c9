"""REST route for the upload of files to import."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.auth.routes import app_of, signed_in
from api.rest.openapi import answer
from domain.app import App
from domain.shared.actor import Actor
from domain.transfers.errors import WrongKind

FILES_PATH = "/imports/files"
_FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
    }
}
_STORED = answer("The uploaded file.", {"fileId": "fil_01m84jak5te00832v3rhnkb4f8", "size": 4711})

router = APIRouter(tags=["imports"])


@router.post(
    FILES_PATH,
    status_code=HTTPStatus.CREATED,
    openapi_extra=_FILE,
    responses={HTTPStatus.CREATED.value: _STORED},
)
async def upload_import_file(
    request: Request,
    app: Annotated[App, Depends(app_of)],
    actor: Annotated[Actor, Depends(signed_in)],
    name: Annotated[
        str, Query(description="Name of the file, shown with the import.", json_schema_extra={"minLength": 1})
    ] = "import",
) -> Response:
    """Upload a file for `importStart`: JSON in UTF-8 or UTF-16, optionally compressed with gzip."""
    try:
        written = await app.imports.upload(actor, unquote(name), request.stream())
    except WrongKind as error:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, error.message) from error
    except ClientDisconnect as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The request body is incomplete.") from error
    content = {"fileId": written.value.id, "size": written.value.size}
    return Response(orjson.dumps(content), HTTPStatus.CREATED, media_type="application/json")
