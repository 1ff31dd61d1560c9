"""Whatever ends a session, its token is refused at once and its sockets close within five seconds (A12)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from api.http.socket_limits import SocketOptions
from domain.accounts.commands import Registration
from domain.auth.model import EndReason
from domain.shared.actor import Actor
from infra.auth.repository import SqlSessionRepository
from infra.settings import Settings
from tests.api.auth.processes import Process, open_process
from tests.api.http.websocket_driver import WebSocketDriver, connect
from tests.factories.accounts import PASSWORD

ANN = "ann@example.org"
VIEWER = "{ viewer { id } }"
FOLLOW = 'subscription { changes(workspace: "acme", after: 0) { upTo } }'
CREATE_WORKSPACE = 'mutation { workspaceCreate(input: {name: "Acme", slug: "acme"}) { workspace { id } } }'
CREATE_LABEL = """mutation($workspace: ID!, $name: String!) {
  labelCreate(input: {workspaceId: $workspace, name: $name, color: "#aa0000"}) { errors { message } }
}"""
END = "mutation($id: ID!) { sessionEnd(input: {id: $id}) { deletedSessionId errors { message } } }"
END_OTHERS = "mutation { sessionsEndOthers(input: {}) { endedCount errors { message } } }"

End = Callable[[Process, dict[str, str], dict[str, str]], Awaitable[None]]


@pytest.fixture
async def processes(settings: Settings, database: str, redis_database: str) -> AsyncIterator[list[Process]]:
    async with (
        open_process(settings, recheck_seconds=0.05) as first,
        open_process(settings, recheck_seconds=0.05) as second,
    ):
        await first.app.accounts.create(Actor.system(), Registration(email=ANN, name="Ann", password=PASSWORD))
        yield [first, second]


async def by_access_token(process: Process, ended: dict[str, str], other: dict[str, str]) -> None:
    assert (await process.http.post("/auth/revoke", data={"token": ended["access_token"]})).status_code == 200


async def by_refresh_token(process: Process, ended: dict[str, str], other: dict[str, str]) -> None:
    assert (await process.http.post("/auth/revoke", data={"token": ended["refresh_token"]})).status_code == 200


async def by_session_end(process: Process, ended: dict[str, str], other: dict[str, str]) -> None:
    session_id = (await process.app.auth.authenticate(ended["access_token"])).session_id
    data = await process.data(other["access_token"], END, id=session_id)
    assert data == {"sessionEnd": {"deletedSessionId": session_id, "errors": []}}


async def by_sessions_end_others(process: Process, ended: dict[str, str], other: dict[str, str]) -> None:
    data = await process.data(other["access_token"], END_OTHERS)
    assert data == {"sessionsEndOthers": {"endedCount": 1, "errors": []}}


async def by_reuse(process: Process, ended: dict[str, str], other: dict[str, str]) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": ended["refresh_token"]}
    following = (await process.http.post("/auth/token", data=form)).json()
    again = await process.http.post("/auth/token", data=form | {"refresh_token": following["refresh_token"]})
    assert again.status_code == 200
    replayed = await process.http.post("/auth/token", data=form)
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")


def by_end_all(reason: EndReason) -> End:
    """What a change of the password and a deactivation do in their own transaction."""

    async def end(process: Process, ended: dict[str, str], other: dict[str, str]) -> None:
        actor = await process.app.auth.authenticate(ended["access_token"])
        kept = (await process.app.auth.authenticate(other["access_token"])).session_id
        engine = create_async_engine(process.url)
        try:
            async with engine.begin() as connection:
                repository = SqlSessionRepository(connection)
                now = datetime.now(UTC)
                assert actor.user_id is not None
                done = await repository.end_all(actor.user_id, reason, now=now, except_session=kept)
                assert done == [actor.session_id]
        finally:
            await engine.dispose()

    return end


WAYS: dict[str, End] = {
    "revoked by access token": by_access_token,
    "revoked by refresh token": by_refresh_token,
    "sessionEnd": by_session_end,
    "sessionsEndOthers": by_sessions_end_others,
    "replay": by_reuse,
    "password change": by_end_all(EndReason.PASSWORD_CHANGED),
    "deactivation": by_end_all(EndReason.DEACTIVATED),
}


async def follow(
    process: Process, tokens: dict[str, str], socket: WebSocketDriver, *, workspace: str, name: str
) -> None:
    """A subscription that has proved that it runs."""
    socket.subscribe("1", FOLLOW)
    await socket.data("1")
    data = await process.data(tokens["access_token"], CREATE_LABEL, workspace=workspace, name=name)
    assert data == {"labelCreate": {"errors": []}}
    await socket.data("1")


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["here", "in another process"])
@pytest.mark.parametrize("way", WAYS)
async def test_an_ended_session_is_dead_at_once(processes: list[Process], way: str, is_elsewhere: bool) -> None:
    here, there = processes
    ended, other = await here.sign_in(ANN), await here.sign_in(ANN)
    workspace = (await here.data(other["access_token"], CREATE_WORKSPACE))["workspaceCreate"]["workspace"]["id"]
    token, kept_token = ended["access_token"], other["access_token"]
    async with connect(here.served, host="localhost") as socket, connect(here.served, host="localhost") as kept:
        await socket.init(token)
        await kept.init(kept_token)
        await follow(here, other, socket, workspace=workspace, name="red")
        assert (await here.graphql(token, VIEWER)).status_code == (await here.me(token)).status_code == 200
        await WAYS[way](there if is_elsewhere else here, ended, other)
        for process in processes:
            for answer in (await process.graphql(token, VIEWER), await process.me(token)):
                challenge = 'Bearer realm="workgraph", error="invalid_token"'
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
            assert (await process.me(kept_token)).status_code == 200
        async with asyncio.timeout(5):
            assert await socket.closed() == (4401, "Session ended")
        await follow(here, other, kept, workspace=workspace, name="blue")
    renewed = {"grant_type": "refresh_token", "refresh_token": ended["refresh_token"]}
    assert (await here.http.post("/auth/token", data=renewed)).json()["error"] == "invalid_grant"


def test_sockets_are_looked_at_within_five_seconds() -> None:
    options = SocketOptions()
    assert options.recheck_seconds + options.recheck_timeout_seconds <= 5
