import asyncio

import httpx

from domain.shared.health import HealthCheck
from tests import api_defaults
from tests.engine.api.http.http_world import World, running
from tests.patience import PATIENCE


async def test_liveness_queries_no_service(client: httpx.AsyncClient, world: World) -> None:
    world.health.hangs = True
    response = await client.get("/livez")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    world.health.hangs = False


async def test_ready_means_that_all_that_is_required_is_there(client: httpx.AsyncClient, world: World) -> None:
    world.health.checks = [
        HealthCheck(name="database", is_ok=True),
        HealthCheck(name="redis", is_ok=False, is_required=False, detail="ConnectionError"),
    ]
    response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (
        200,
        {
            "status": "ready",
            "checks": [
                {"name": "database", "ok": True, "required": True, "detail": ""},
                {"name": "redis", "ok": False, "required": False, "detail": "ConnectionError"},
            ],
        },
    )
    world.health.checks = [HealthCheck(name="migrations", is_ok=False, detail="Run `workgraph migrate`.")]
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "not ready")


async def test_a_check_that_hangs_is_not_waited_for(world: World) -> None:
    world.health.hangs = True
    async with running(world, api_defaults.http(readiness_seconds=0.05)) as client, asyncio.timeout(PATIENCE):
        response = await client.get("/readyz")
        assert response.status_code == 503
        (check,) = response.json()["checks"]
        assert (check["ok"], check["detail"]) == (False, "not finished within 0.05 seconds")
        world.health.hangs = False
