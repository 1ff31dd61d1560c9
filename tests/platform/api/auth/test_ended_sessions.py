"""Proves that an ended session's token is refused and its sockets close (A12).

The process that ends it refuses the token at once, and other processes within WORKGRAPH_SESSION_MEMORY_SECONDS. Sockets
close within five seconds.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from domain.accounts.commands import Registration
from domain.shared.actor import Actor
from infra.settings import Settings
from tests import api_defaults
from tests.engine.api.sockets.websocket_driver import WebSocketDriver, connect
from tests.factories.accounts import PASSWORD
from tests.patience import PATIENCE
from tests.platform.api.auth.processes import Process, open_process

ANN, BOB = "ann@example.org", "bob@example.org"
NEW = "an entirely other thing to type"
VIEWER = "{ viewer { id } }"
FOLLOW = 'subscription { changes(workspace: "acme", after: 0) { upTo } }'
CREATE_WORKSPACE = 'mutation { workspaceCreate(input: {name: "Acme", slug: "acme"}) { workspace { id } } }'
INVITE = """mutation($workspace: ID!) {
  invitationCreate(input: {workspaceId: $workspace, role: MEMBER}) { link }
}"""
ACCEPT = "mutation($secret: String!) { invitationAccept(input: {token: $secret}) { errors { message } } }"
CREATE_TAG = """mutation($workspace: ID!, $name: String!) {
  tagCreate(input: {workspaceId: $workspace, name: $name}) { errors { message } }
}"""
END = "mutation($id: ID!) { sessionEnd(input: {id: $id}) { deletedSessionId errors { message } } }"
END_OTHERS = "mutation { sessionsEndOthers(input: {}) { endedCount errors { message } } }"

# A session that ends in another process is refused in both: there at once, and here when this process has heard of it.
PLACES = (
    pytest.param(False, id="here", marks=pytest.mark.verify),
    pytest.param(True, id="in another process"),
)

End = Callable[[Process, dict[str, str], dict[str, str]], Awaitable[None]]


@pytest.fixture(
    params=[
        pytest.param(5, id="remembered"),
        pytest.param(0, id="not remembered", marks=pytest.mark.verify),
    ]
)
def memory_seconds(request: pytest.FixtureRequest) -> float:
    """WORKGRAPH_SESSION_MEMORY_SECONDS, by default and with the sessions read for each request."""
    return float(request.param)


@pytest.fixture
async def processes(
    settings: Settings, memory_seconds: float, database: str, redis_database: str
) -> AsyncIterator[list[Process]]:
    settings = settings.replaced(session_memory_seconds=memory_seconds)
    async with (
        open_process(settings, recheck_seconds=0.05) as first,
        open_process(settings, recheck_seconds=0.05) as second,
    ):
        for email in (ANN, BOB):
            registration = Registration(email=email, name="Somebody", password=PASSWORD)
            await first.app.accounts.create(Actor.system(), registration)
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


async def by_password_change(process: Process, ended: dict[str, str], other: dict[str, str]) -> None:
    await proved(process, other, "/auth/password/change", newPassword=NEW)


async def proved(process: Process, tokens: dict[str, str], path: str, **body: str) -> None:
    """Posts a request that requires the current password, and expects success."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = await process.http.post(path, json={"currentPassword": PASSWORD, **body}, headers=headers)
    assert answer.status_code == 204, answer.text


WAYS: dict[str, End] = {
    "revoked by access token": by_access_token,
    "revoked by refresh token": by_refresh_token,
    "sessionEnd": by_session_end,
    "sessionsEndOthers": by_sessions_end_others,
    "replay": by_reuse,
    "password change": by_password_change,
}


async def by_deactivation(process: Process, tokens: dict[str, str]) -> None:
    await proved(process, tokens, "/auth/account/deactivate")


async def by_operators_deactivation(process: Process, tokens: dict[str, str]) -> None:
    await process.app.activations.deactivate(Actor.system(), ANN)


async def by_deletion(process: Process, tokens: dict[str, str]) -> None:
    await proved(process, tokens, "/auth/account/delete")


async def by_operators_deletion(process: Process, tokens: dict[str, str]) -> None:
    await process.app.deletions.delete(Actor.system(), ANN)


WAYS_OF_ALL: dict[str, Callable[[Process, dict[str, str]], Awaitable[None]]] = {
    "deactivation": by_deactivation,
    "operator's deactivation": by_operators_deactivation,
    "deletion": by_deletion,
    "operator's deletion": by_operators_deletion,
}


async def follow(
    process: Process, tokens: dict[str, str], socket: WebSocketDriver, *, workspace: str, name: str
) -> None:
    """A subscription that has proved that it runs."""
    socket.subscribe("1", FOLLOW)
    await socket.data("1")
    data = await process.data(tokens["access_token"], CREATE_TAG, workspace=workspace, name=name)
    assert data == {"tagCreate": {"errors": []}}
    await socket.data("1")


async def use(processes: list[Process], tokens: dict[str, str]) -> None:
    """Lets all processes remember the session."""
    for process in processes:
        assert (await process.graphql(tokens["access_token"], VIEWER)).status_code == 200


async def assert_refused(processes: list[Process], tokens: dict[str, str], *, at_once: Process) -> None:
    token = tokens["access_token"]
    for process in processes:
        if process is not at_once:
            await told(process, token)
        for answer in (await process.graphql(token, VIEWER), await process.me(token)):
            challenge = 'Bearer realm="workgraph", error="invalid_token"'
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
        renewed = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await process.http.post("/auth/token", data=renewed)).json()["error"] == "invalid_grant"


async def told(process: Process, token: str) -> None:
    """Waits until the process has heard that the session has ended, which takes it a few milliseconds."""
    seconds = 5 if process.remembers else 0
    began = time.monotonic()
    while (await process.graphql(token, VIEWER)).status_code == 200:
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.001)


async def assert_closed(socket: WebSocketDriver) -> None:
    async with asyncio.timeout(PATIENCE):
        assert await socket.closed() == (4401, "Session ended")


async def new_workspace(process: Process, tokens: dict[str, str]) -> str:
    data = await process.data(tokens["access_token"], CREATE_WORKSPACE)
    created: str = data["workspaceCreate"]["workspace"]["id"]
    return created


@pytest.mark.parametrize("is_elsewhere", PLACES)
@pytest.mark.parametrize("way", WAYS)
async def test_an_ended_session_is_refused(processes: list[Process], way: str, is_elsewhere: bool) -> None:
    here, there = processes
    ended, other = await here.sign_in(ANN), await here.sign_in(ANN)
    workspace = await new_workspace(here, other)
    token, kept_token = ended["access_token"], other["access_token"]
    async with connect(here.served, host="localhost") as socket, connect(here.served, host="localhost") as kept:
        await socket.init(token)
        await kept.init(kept_token)
        await follow(here, other, socket, workspace=workspace, name="red")
        assert (await here.me(token)).status_code == 200
        await use(processes, ended)
        ending = there if is_elsewhere else here
        await WAYS[way](ending, ended, other)
        await assert_refused(processes, ended, at_once=ending)
        assert [(await process.me(kept_token)).status_code for process in processes] == [200, 200]
        await assert_closed(socket)
        await follow(here, other, kept, workspace=workspace, name="blue")


@pytest.mark.parametrize("is_elsewhere", PLACES)
@pytest.mark.parametrize("way", WAYS_OF_ALL)
async def test_a_deleted_or_deactivated_account_has_no_session(
    processes: list[Process], way: str, is_elsewhere: bool
) -> None:
    here, there = processes
    bob, *anns = [await here.sign_in(email) for email in (BOB, ANN, ANN)]
    workspace = await new_workspace(here, bob)
    link = (await here.data(bob["access_token"], INVITE, workspace=workspace))["invitationCreate"]["link"]
    secret = link.partition("?token=")[2]
    assert await here.data(anns[0]["access_token"], ACCEPT, secret=secret) == {"invitationAccept": {"errors": []}}
    async with (
        connect(here.served, host="localhost") as first,
        connect(there.served, host="localhost") as second,
        connect(here.served, host="localhost") as kept,
    ):
        for number, (socket, tokens) in enumerate(((first, anns[0]), (second, anns[1]), (kept, bob))):
            await socket.init(tokens["access_token"])
            await follow(here, bob, socket, workspace=workspace, name=f"red {number}")
        for tokens in anns:
            await use(processes, tokens)
        ending = there if is_elsewhere else here
        await WAYS_OF_ALL[way](ending, anns[0])
        for tokens in anns:
            await assert_refused(processes, tokens, at_once=ending)
        await assert_closed(first)
        await assert_closed(second)
        assert [(await process.me(bob["access_token"])).status_code for process in processes] == [200, 200]


def test_sockets_are_looked_at_within_five_seconds() -> None:
    options = api_defaults.sockets()
    assert options.recheck_seconds + options.recheck_timeout_seconds <= 5
