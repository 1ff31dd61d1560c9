import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from domain.shared.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    LimitExceeded,
    NotFound,
    PermissionDenied,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from domain.shared.throttle import TooOften
from tests.engine.api.http.http_world import SECRET, World, build, client_of

FAILURES: dict[str, tuple[Exception, int]] = {
    "unauthenticated": (Unauthenticated("No."), 401),
    "denied": (PermissionDenied("No."), 403),
    "missing": (NotFound("No."), 404),
    "conflict": (Conflict("No."), 409),
    "input": (InvalidInput("No.", path=("first_page",)), 422),
    "rejected": (Rejected((InvalidInput("No.", path=("one",)), InvalidInput("Two.", path=("two",)))), 422),
    "limit": (LimitExceeded("No."), 422),
    "away": (Unavailable("No."), 503),
}


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    app = build(world)

    @app.get("/fail/{how}")
    async def fail(how: str) -> None:
        if how == "too often":
            raise TooOften(2.5)
        raise FAILURES[how][0] if how in FAILURES else RuntimeError(SECRET)

    @app.post("/sign-in")
    async def sign_in(form: dict[str, int]) -> None:
        raise AssertionError(form)

    async with client_of(app) as opened:
        yield opened


@pytest.mark.parametrize("how", FAILURES)
async def test_domain_errors_are_problems(client: httpx.AsyncClient, how: str) -> None:
    error, status = FAILURES[how]
    first = error.errors[0] if isinstance(error, Rejected) else error
    assert isinstance(first, DomainError)
    response = await client.get(f"/fail/{how}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["detail"], problem["code"]) == (status, "No.", first.failure.value)
    paths = {"input": [["firstPage"]], "rejected": [["one"], ["two"]]}
    assert [each["path"] for each in problem["errors"]] == paths.get(how, [[]])
    assert ("retry-after" in response.headers) == (status == 503)
    assert ("www-authenticate" in response.headers) == (status == 401)


async def test_too_many_attempts_are_answered_with_retry_after(client: httpx.AsyncClient) -> None:
    response = await client.get("/fail/too often")
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")


async def test_the_frameworks_own_errors_are_problems_too(client: httpx.AsyncClient) -> None:
    response = await client.get("/nothing/here")
    assert (response.status_code, response.json()) == (404, {"title": "Not Found", "status": 404})
    response = await client.delete("/livez")
    assert (response.status_code, response.json()["title"]) == (405, "Method Not Allowed")
    assert response.headers["allow"] == "GET"


async def test_a_wrong_form_is_described_without_repeating_it(client: httpx.AsyncClient) -> None:
    response = await client.post("/sign-in", json={"password": SECRET})
    assert response.status_code == 422
    assert [each["path"] for each in response.json()["errors"]] == [["body", "password"]]
    assert SECRET not in response.text
    assert (
        await client.post("/sign-in", content=b"{", headers={"Content-Type": "application/json"})
    ).status_code == 422


async def test_unexpected_errors_are_masked_and_logged_once(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await client.get("/fail/bug", headers={"X-Request-Id": "trace-of-this-1"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["traceId"] == "trace-of-this-1"
    assert SECRET not in response.text
    (record,) = caplog.records
    assert "trace-of-this-1" in record.getMessage()
