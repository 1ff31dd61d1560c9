"""Requests without `Origin` pass one layer, and get what they would get through all layers."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import MethodType
from typing import Any, ClassVar

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import _Application
from api.http import endpoint
from api.http.direct import MOST_HOSTS, DirectGraphQL
from tests import api_defaults
from tests.engine.api.http.http_world import World, build
from tests.engine.api.http.request_matrix import CASES, HOST, LIMIT, Case, Exchange, exchange
from tests.patience import PATIENCE

OWN_PAGE = (b"origin", b"http://test")
THROUGH_LAYERS = {
    *("foreign host", "malformed host", "no host", "two tokens", "two request IDs", "two proxies"),
}
"""Requests without `Origin` that need all layers."""


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the requests that passed the one layer."""
    served: list[str] = []
    serve = DirectGraphQL._serve

    async def noting(self: DirectGraphQL, scope: Scope, *arguments: Any) -> None:
        served.append(scope["path"])
        await serve(self, scope, *arguments)

    monkeypatch.setattr(DirectGraphQL, "_serve", noting)
    return served


def options(**changes: Any) -> Any:
    values = {"body_bytes": LIMIT, "body_seconds": 0.1, "request_seconds": 0.2, "allowed_hosts": ("test",)} | changes
    return api_defaults.http(**values)


async def exchanged(case: Case, *more: tuple[bytes, bytes], is_direct: bool = True, **changes: Any) -> Exchange:
    world = World()
    case.prepare(world)
    app: Any = build(world, options(**changes))
    async with app.router.lifespan_context(app), asyncio.timeout(PATIENCE):
        if not is_direct:
            app.direct = None
        answer = await exchange(app, case, world, *more)
    assert world.open_scopes == 0
    return answer


def logged(caplog: pytest.LogCaptureFixture) -> Iterator[tuple[Any, ...]]:
    """Records logged since the last call, without durations, IDs and numbers of lines."""
    for record in caplog.records:
        text = re.sub(r"[0-9a-f]{16}|\b\d+\.\d+\b", "…", record.getMessage())
        yield record.name, record.levelno, text, record.exc_info is not None
    caplog.clear()


def comparable(answer: Exchange, *, in_order: bool = True) -> tuple[Any, ...]:
    """The answer without a random request ID. Starlette's layer for origins puts `Vary` elsewhere."""
    found = dict(answer.headers).get(b"x-request-id", b"")
    is_random = re.fullmatch(rb"[0-9a-f]{16}", found) is not None
    headers = [each for each in answer.headers if not (is_random and each[0] == b"x-request-id")]
    body = answer.body.replace(found, b"...") if is_random else answer.body
    return (
        answer.status,
        headers if in_order else sorted(headers),
        body,
        [each["type"] for each in answer.sent],
        type(answer.raised),
    )


@pytest.mark.parametrize(
    "changes",
    [{}, {"allowed_origins": ("https://app.example.org", "http://test")}, {"is_compressed": True, "explorer": None}],
    ids=["no other origins", "other origins", "compressed"],
)
@pytest.mark.parametrize("name", CASES)
async def test_the_answer_is_that_of_all_layers(
    name: str, changes: dict[str, Any], direct: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    alone = await exchanged(CASES[name], **changes)
    alone_logged = list(logged(caplog))
    assert len(direct) == (0 if name in THROUGH_LAYERS else 1)
    layered = await exchanged(CASES[name], is_direct=False, **changes)
    assert comparable(alone) == comparable(layered)
    assert alone_logged == list(logged(caplog))
    of_page = await exchanged(CASES[name], OWN_PAGE, **changes)
    assert len(direct) == (0 if name in THROUGH_LAYERS else 1), "requests with an `Origin` pass all layers"
    assert comparable(alone, in_order=False) == comparable(of_page, in_order=False)
    assert alone_logged == list(logged(caplog))


async def test_the_matrix_covers_what_can_happen() -> None:
    answers = {name: await exchanged(case, is_compressed=True) for name, case in CASES.items()}
    statuses = {answer.status for answer in answers.values()}
    assert statuses == {None, 200, 303, 400, 401, 405, 406, 408, 413, 415, 429, 500, 503}
    assert answers["client leaves in the body"].sent == answers["client leaves while the operation runs"].sent == []
    assert dict(answers["long answer"].headers)[b"content-encoding"] == b"gzip"


async def test_a_crash_behind_the_endpoint_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, direct: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> bytes:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(endpoint, "json_bytes", fail)
    alone, alone_logged = await exchanged(Case()), list(logged(caplog))
    layered = await exchanged(Case(), OWN_PAGE)
    assert (alone.status, direct) == (500, ["/graphql"])
    assert comparable(alone) == comparable(layered)
    assert alone_logged == list(logged(caplog))
    assert b"secret" not in alone.body


@pytest.mark.parametrize("more", [(), (OWN_PAGE,)], ids=["direct", "through the layers"])
async def test_a_server_that_shuts_down_can_cancel_a_request(
    more: tuple[tuple[bytes, bytes], ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    app = build(world, options(request_seconds=PATIENCE))
    case = Case(pieces=(b'{"query":"{endless}"}',))
    async with app.router.lifespan_context(app), asyncio.timeout(PATIENCE):
        request = asyncio.create_task(exchange(app, case, world, *more))
        await world.started.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    assert world.canceled.is_set()
    assert [record.getMessage()[:16] for record in caplog.records if "access" in record.name] == ["POST /graphql 0 "]


async def test_only_so_many_hosts_are_remembered(direct: list[str]) -> None:
    world = World()
    app: Any = build(world, options(allowed_hosts=("*.example.org",)))
    async with app.router.lifespan_context(app):
        for number in range(MOST_HOSTS + 20):
            answer = await exchange(app, replace(Case(), host=b"%d.example.org" % number), world)
            assert answer.status == 200
        assert (await exchange(app, Case(host=HOST), world)).status == 400
        assert len(app.direct._hosts) == MOST_HOSTS
    assert len(direct) == MOST_HOSTS + 20


class Noting:
    """Middleware that notes the paths of requests."""

    entered: ClassVar[list[str]] = []

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.entered.append(scope["path"])
        await self._app(scope, receive, send)


async def test_the_middleware_is_not_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []
    layers = _Application.layers

    async def noting(self: _Application, scope: Scope, receive: Receive, send: Send) -> None:
        served.append(scope["path"])
        await layers(self, scope, receive, send)

    monkeypatch.setattr(_Application, "layers", noting)
    await exchanged(Case())
    assert served == []
    await exchanged(Case(), OWN_PAGE)
    assert served == ["/graphql"]


async def test_added_middleware_sees_all_requests(monkeypatch: pytest.MonkeyPatch, direct: list[str]) -> None:
    monkeypatch.setattr(Noting, "entered", [])
    world = World()
    app = build(world, options())
    app.add_middleware(Noting)
    async with app.router.lifespan_context(app), asyncio.timeout(PATIENCE):
        assert (await exchange(app, Case(), world)).status == 200
    assert (Noting.entered, direct) == (["/graphql"], [])


class Wrapper:
    """Wrapper of a tool that poses as the method that it wraps."""

    def __init__(self, wrapped: Callable[..., Any]) -> None:
        self._wrapped = wrapped
        self.__code__ = wrapped.__code__  # type: ignore[attr-defined]  # of a function
        self.seen: list[str] = []

    def __get__(self, app: FastAPI, _: type[FastAPI]) -> Callable[..., Any]:
        return partial(self, app) if app is not None else self

    def __call__(self, app: FastAPI, *arguments: Any) -> Any:
        self.seen.append(self._wrapped.__name__)
        return self._wrapped(app, *arguments)


@pytest.mark.parametrize(
    ("patched", "name"),
    [(Starlette, "__call__"), (FastAPI, "__call__"), (FastAPI, "build_middleware_stack")],
    ids=["Starlette", "FastAPI", "layers"],
)
async def test_tools_that_replace_a_method_see_all_requests(
    monkeypatch: pytest.MonkeyPatch, direct: list[str], patched: type[Starlette], name: str
) -> None:
    tool = Wrapper(getattr(patched, name))
    monkeypatch.setattr(patched, name, tool)
    assert (await exchanged(Case())).status == 200
    assert (tool.seen, direct) == ([name], [])


async def test_a_tool_in_one_application_sees_all_requests(direct: list[str]) -> None:
    world = World()
    app = build(world, options())
    layers, built = app.build_middleware_stack, []

    def noting(_: FastAPI) -> ASGIApp:
        built.append(app)
        return layers()

    app.build_middleware_stack = MethodType(noting, app)  # type: ignore[method-assign]  # as OpenTelemetry does
    async with app.router.lifespan_context(app), asyncio.timeout(PATIENCE):
        assert (await exchange(app, Case(), world)).status == 200
    assert (built, direct) == ([app], [])
