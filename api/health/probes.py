"""Liveness and readiness probes of the process."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol

import orjson
from fastapi import APIRouter, Request, Response

from api.rest.openapi import answer
from domain.shared.health import Health, HealthCheck

ALIVE = answer("The process is running.", {"status": "ok"})
_CHECK = {"name": "database", "ok": True, "required": True, "detail": "PostgreSQL 18"}
READY = answer("All required checks have passed.", {"status": "ready", "checks": [_CHECK]})
UNREADY = answer("A required check has failed.", {"status": "not ready", "checks": [{**_CHECK, "ok": False}]})


class _App(Protocol):
    @property
    def health(self) -> Health: ...


def health_router(*, seconds: float) -> APIRouter:
    """Routes of `/livez` and `/readyz`. `/readyz` answers within `seconds`, even if a check hangs."""
    router = APIRouter(tags=["health"])

    @router.get("/livez", summary="Whether the process is running.", responses={HTTPStatus.OK.value: ALIVE})
    async def get_liveness() -> Response:
        return _answer(HTTPStatus.OK, {"status": "ok"})

    @router.get(
        "/readyz",
        summary="Whether the database, its migrations and Redis are available.",
        responses={HTTPStatus.OK.value: READY, HTTPStatus.SERVICE_UNAVAILABLE.value: UNREADY},
    )
    async def get_readiness(request: Request) -> Response:
        checks = await _checks(request.app.state.app, seconds)
        is_ready = all(check.is_ok for check in checks if check.is_required)
        listed = [
            {"name": check.name, "ok": check.is_ok, "required": check.is_required, "detail": check.detail}
            for check in checks
        ]
        status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _answer(status, {"status": "ready" if is_ready else "not ready", "checks": listed})

    return router


async def _checks(app: _App, seconds: float) -> Sequence[HealthCheck]:
    # Wait in a separate task: a check that hangs may ignore its cancellation.
    task = asyncio.ensure_future(app.health.check())
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        return [HealthCheck(name="checks", is_ok=False, detail=f"not finished within {seconds:g} seconds")]
    return task.result()


def _answer(status: HTTPStatus, content: object) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
