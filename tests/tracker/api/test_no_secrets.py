"""T29 and A35 of the promises: after every flow has been run, no secret is in anything that the server wrote.

A new flow is a function in FLOWS: it does its requests through `Run`, and tells it every secret with `keep`.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from api.main import build
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.jobs import LeasedJob, decoded, kinds_of
from domain.shared.mail import StoredMail
from infra.bootstrap import mailbox
from infra.jobs.tables import JobRow
from infra.settings import Settings
from infra.slices import HANDLERS
from tests.engine.api.sockets.websocket_driver import connect
from tests.secrecy import RecordKeeper, Writing, kept_records, leaks, redis_writings, stored_writings

ANN, BOB, CLEO = "ann@example.org", "bob@example.org", "cleo@example.org"
PASSWORDS = {
    ANN: "annes horse battery staple",
    BOB: "bobs öther battery staple",
    CLEO: "cleos third battery staple",
}
CHANGED = "annes second battery staple"
RESET = "bobs reset battery staple"


@dataclass(kw_only=True)
class Run:
    """Client, application, answers and mails of one run, and the name of every secret used in it."""

    client: httpx.AsyncClient
    served: FastAPI
    app: App
    settings: Settings
    engine: AsyncEngine
    secrets: dict[str, str] = field(default_factory=dict)
    writings: list[Writing] = field(default_factory=list)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    mails: dict[str, StoredMail] = field(default_factory=dict)

    def keep(self, name: str, secret: str) -> str:
        self.secrets[secret] = name
        return secret

    async def ask(
        self,
        method: str,
        path: str,
        *,
        bearer: str | None = None,
        status: int = 200,
        shows: Callable[[httpx.Response], dict[str, str]] = lambda answer: {},
        **request: Any,
    ) -> httpx.Response:
        """Sends a request, and requires its answer's status. `shows` names the secrets that the answer may contain."""
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        answer = await self.client.request(method, path, headers=headers, **request)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        shown = {self.keep(name, secret) for name, secret in shows(answer).items()}
        text = f"{answer.headers!r} {answer.text}"
        self.writings.append(Writing(f"answer {status} of {method} {path.partition('?')[0]}", text, frozenset(shown)))
        return answer

    async def sign_in(self, email: str, password: str | None = None) -> dict[str, str]:
        form = {"grant_type": "password", "username": email, "password": password or PASSWORDS[email]}
        answer = await self.ask("POST", "/auth/token", data=form, shows=handed_tokens)
        self.tokens[email] = answer.json()
        return self.tokens[email]

    def bearer(self, email: str) -> str:
        return self.tokens[email]["access_token"]

    async def graphql(
        self, query: str, *, bearer: str, shows: Callable[[Any], dict[str, str]] = lambda data: {}, **variables: Any
    ) -> Any:
        answer = await self.ask(
            "POST",
            "/graphql",
            bearer=bearer,
            json={"query": query, "variables": variables},
            shows=lambda answer: shows(answer.json()["data"]),
        )
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    async def mutate(
        self,
        name: str,
        input: dict[str, Any],
        select: str = "",
        *,
        email: str,
        shows: Callable[[Any], dict[str, str]] = lambda payload: {},
        fails: bool = False,
    ) -> Any:
        kind = name[0].upper() + name[1:] + "Input"
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {select} errors {{ code message }} }} }}"
        payload = (
            await self.graphql(query, bearer=self.bearer(email), input=input, shows=lambda data: shows(data[name]))
        )[name]
        assert bool(payload["errors"]) is fails, payload
        return payload

    async def deliver(self) -> list[StoredMail]:
        """Runs the jobs that wait, as the worker would, and answers the mails that they sent."""
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(JobRow.id, JobRow.kind, JobRow.payload).order_by(JobRow.id))).all()
        for job_id, kind, payload in rows:
            if job_id not in self.done:
                job = decoded(kinds_of(HANDLERS), kind, payload)
                await HANDLERS[type(job)](self.app, Actor.system(LeasedJob(id=job_id, attempt=0)), job)
                self.done.add(job_id)
        new = {mail.id: mail for mail in await mailbox(self.settings).newest() if mail.id not in self.mails}
        self.mails |= new
        self.writings += [Writing("mail's subject", f"{mail.id} {mail.to} {mail.subject}") for mail in new.values()]
        return list(new.values())

    async def link(self, email: str, name: str) -> str:
        """The secret of the link in the one new mail to that address."""
        (mail,) = [mail for mail in await self.deliver() if mail.to == email and "?token=" in mail.text]
        return self.keep(name, mail.text.partition("?token=")[2].split()[0])

    async def form(self, path: str, token: str, *, status: int = 200, **fields: str) -> None:
        """Opens the page of a link and presses its button; the form has the token in it again if that was refused."""
        handed = {self.secrets[token]: token}
        await self.ask("GET", f"{path}?token={token}", shows=lambda answer: handed)
        shown = handed if status != 200 else {}
        await self.ask(
            "POST", f"{path}/form", data={"token": token, **fields}, status=status, shows=lambda answer: shown
        )


def handed_tokens(answer: httpx.Response) -> dict[str, str]:
    content = answer.json()
    return {name: content[name] for name in ("access_token", "refresh_token")}


async def register(run: Run) -> None:
    for email in (ANN, BOB):
        password = run.keep("password", PASSWORDS[email])
        await run.ask("POST", "/auth/register", json={"email": email}, status=202)
        await run.ask("POST", "/auth/register", json={"email": email, "password": password}, status=422)
        short = run.keep("short password", f"too short {email[:2]}")
        token = await run.link(email, "registration link")
        if email == ANN:
            person = {"token": token, "name": email[:3], "password": password}
            await run.ask("POST", "/auth/verify", json=person | {"password": short}, status=422)
            await run.ask("POST", "/auth/verify", json=person | {"password": [password]}, status=422)
            await run.ask("POST", "/auth/verify", json=person, status=201)
            await run.ask("POST", "/auth/verify", json=person, status=404)
        else:
            await run.form("/auth/verify", token, name="Bob", password=short, status=422)
            await run.form("/auth/verify", token, name="Bob", password=password)
            await run.form("/auth/verify", token, name="Bob", password=password, status=422)
    await run.ask("POST", "/auth/register", json={"email": BOB}, status=202)
    await run.deliver()


async def sign_in(run: Run) -> None:
    for email in (ANN, BOB):
        await run.sign_in(email)
    for email in (ANN, "nobody@example.org"):
        wrong = run.keep("wrong password", f"wrong guess of {email}")
        form = {"grant_type": "password", "username": email, "password": wrong}
        await run.ask("POST", "/auth/token", data=form, status=400)
        await run.ask("POST", "/auth/token", data=form | {"username": wrong, "scope": wrong}, status=400)
        await run.ask("POST", "/auth/token", data=form | {"grant_type": wrong}, status=400)
        await run.ask("POST", "/auth/token", json=form, status=400)
    await run.ask("GET", "/auth/me", bearer=run.bearer(ANN))
    await run.ask("GET", "/auth/me", bearer=run.keep("forged token", run.bearer(ANN)[:-20] + "A" * 20), status=401)
    await run.graphql("{ viewer { name } }", bearer=run.bearer(ANN))


async def refresh_and_replay(run: Run) -> None:
    first = await run.sign_in(BOB)
    spent = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await run.ask("POST", "/auth/token", data=spent, shows=handed_tokens)).json()
    following = {"grant_type": "refresh_token", "refresh_token": second["refresh_token"]}
    third = (await run.ask("POST", "/auth/token", data=following, shows=handed_tokens)).json()
    await run.ask("POST", "/auth/token", data=spent, status=400)
    await run.ask("GET", "/auth/me", bearer=third["access_token"], status=401)
    await run.sign_in(BOB)


async def revoke_and_introspect(run: Run) -> None:
    tokens = await run.sign_in(BOB)
    asked = await run.ask(
        "POST", "/auth/introspect", data={"token": tokens["refresh_token"]}, bearer=tokens["access_token"]
    )
    assert asked.json()["active"] is True
    await run.ask("POST", "/auth/introspect", data={"token": tokens["access_token"]}, bearer=tokens["access_token"])
    await run.ask("POST", "/auth/introspect", data={"token": tokens["access_token"]}, status=401)
    await run.ask("POST", "/auth/revoke", data={"token": tokens["refresh_token"]})
    await run.ask("POST", "/auth/introspect", data={"token": "x"}, bearer=tokens["access_token"], status=401)
    await run.sign_in(BOB)


async def api_keys(run: Run) -> None:
    asked = {"name": "ci", "scopes": ["READ"], "idempotencyKey": "key-1"}
    made = await run.mutate(
        "apiKeyCreate", asked, "key apiKey { id }", email=ANN, shows=lambda payload: {"API key": payload["key"]}
    )
    again = await run.mutate("apiKeyCreate", asked, "key", email=ANN)
    assert again["key"] is None
    await run.graphql("{ viewer { name } }", bearer=made["key"])
    change = 'mutation { workspaceCreate(input: {name: "X", slug: "xx-x"}) { errors { code } } }'
    refused = await run.graphql(change, bearer=made["key"])
    assert refused["workspaceCreate"]["errors"] == [{"code": "INSUFFICIENT_SCOPE"}]
    await run.mutate("apiKeyRevoke", {"id": made["apiKey"]["id"]}, email=ANN)
    await run.ask("GET", "/auth/me", bearer=made["key"], status=401)
    await run.ask("POST", "/graphql", bearer=made["key"], json={"query": "{ viewer { name } }"}, status=401)


async def sockets(run: Run) -> None:
    made = await run.mutate(
        "apiKeyCreate",
        {"name": "socket", "scopes": ["READ"]},
        "key",
        email=ANN,
        shows=lambda payload: {"API key": payload["key"]},
    )
    forged = run.keep("forged token", run.bearer(ANN)[:-20] + "B" * 20)
    for token, is_good in ((run.bearer(ANN), True), (made["key"], True), (forged, False)):
        async with connect(run.served, host="localhost") as socket:
            socket.send("connection_init", payload={"Authorization": f"Bearer {token}", "token": token})
            if not is_good:
                run.writings.append(Writing("end of a socket", str(await socket.closed())))
                continue
            told = [await socket.receive()]
            socket.subscribe("1", "{ viewer { name } }")
            told.append(await socket.receive())
            run.writings.append(Writing("messages of a socket", str(told)))
            assert [each["type"] for each in told] == ["connection_ack", "next"]


async def uploads(run: Run) -> None:
    for bearer, content, status in (
        (run.bearer(ANN), b'{"issues": []}', 201),
        (run.bearer(ANN), run.keep("what is no file", "neither JSON nor gzip, but a secret").encode(), 415),
        (run.bearer(ANN) + "x", b"{}", 401),
    ):
        await run.ask("POST", "/imports/files?name=of-ann", bearer=bearer, content=content, status=status)


async def invitations(run: Run) -> None:
    made = await run.mutate("workspaceCreate", {"name": "Team", "slug": "team-of-ann"}, "workspace { id }", email=ANN)
    run.ids["workspace"] = workspace_id = made["workspace"]["id"]
    asked = {"workspaceId": workspace_id, "role": "MEMBER", "idempotencyKey": "link-1"}
    made = await run.mutate("invitationCreate", asked, "link invitation { id }", email=ANN, shows=handed_link)
    made = await run.mutate("invitationResend", {"id": made["invitation"]["id"]}, "link", email=ANN, shows=handed_link)
    token = made["link"].partition("?token=")[2]
    accepted = await run.mutate(
        "invitationAccept", {"token": token, "idempotencyKey": "a-1"}, "member { id }", email=BOB
    )
    run.ids[BOB] = accepted["member"]["id"]
    await run.mutate("invitationAccept", {"token": token + "x"}, email=BOB, fails=True)
    await run.mutate("invitationCreate", asked | {"email": CLEO, "idempotencyKey": "mail-1"}, email=ANN)
    token = await run.link(CLEO, "invitation's mail")
    password = run.keep("password", PASSWORDS[CLEO])
    await run.form("/auth/invitation", token, email=CLEO, name="Cleo", password="too short to", status=422)
    await run.form("/auth/invitation", token, email=CLEO, name="Cleo", password=password)
    body = {"email": CLEO, "name": "Cleo", "password": password, "invitationToken": token}
    await run.ask("POST", "/auth/register", json=body, status=404)
    await run.sign_in(CLEO)
    await run.deliver()


def handed_link(payload: Any) -> dict[str, str]:
    return {"invitation's link": payload["link"].partition("?token=")[2]}


async def transfer(run: Run) -> None:
    moved = {"id": run.ids["workspace"], "memberId": run.ids[BOB]}
    await run.mutate("workspaceTransfer", moved, "workspace { id }", email=ANN)
    await run.deliver()


async def sessions(run: Run) -> None:
    await run.sign_in(BOB)
    found = await run.graphql("{ viewer { sessions { nodes { id } } } }", bearer=run.bearer(BOB))
    ended = found["viewer"]["sessions"]["nodes"][-1]["id"]
    await run.mutate("sessionEnd", {"id": ended}, "deletedSessionId", email=BOB)
    await run.mutate("sessionsEndOthers", {}, "endedCount", email=BOB)


async def signing_keys(run: Run) -> None:
    await run.app.auth.rotate_keys(Actor.system())
    await run.ask("GET", "/.well-known/jwks.json")
    await run.sign_in(ANN)


async def another_password(run: Run) -> None:
    new = run.keep("changed password", CHANGED)
    change = {"currentPassword": run.keep("wrong proof", "a wrong proof of mine"), "newPassword": new}
    await run.ask("POST", "/auth/password/change", json=change, bearer=run.bearer(ANN), status=403)
    right = change | {"currentPassword": PASSWORDS[ANN]}
    await run.ask("POST", "/auth/password/change", json=right | {"newPassword": "short"}, bearer=run.bearer(ANN), status=422)  # fmt: skip  # noqa: E501
    await run.ask("POST", "/auth/password/change", json=right, bearer=run.bearer(ANN), status=204)
    await run.deliver()
    await run.sign_in(ANN, CHANGED)


async def forgotten_password(run: Run) -> None:
    new = run.keep("reset password", RESET)
    await run.ask("POST", "/auth/password/forgot", json={"email": BOB}, status=202)
    token = await run.link(BOB, "reset link")
    await run.form("/auth/password/reset", token, password="short", status=422)
    await run.ask("POST", "/auth/password/reset", json={"token": token, "password": new}, status=204)
    await run.ask("POST", "/auth/password/reset", json={"token": token, "password": new}, status=404)
    await run.deliver()
    await run.sign_in(BOB, RESET)
    await run.ask("POST", "/auth/password/forgot", json={"email": ANN}, status=202)
    await run.link(ANN, "unused reset link")


async def another_address(run: Run) -> None:
    body = {"currentPassword": RESET, "email": "robert@example.org"}
    await run.ask("POST", "/auth/email/change", json=body, bearer=run.bearer(BOB), status=202)
    token = await run.link("robert@example.org", "address link")
    wrong = run.keep("wrong proof", "a stranger's guess at it")
    await run.form("/auth/email/verify", token, password=wrong, status=422)
    await run.ask("POST", "/auth/email/verify", json={"token": token, "currentPassword": wrong}, status=403)
    await run.ask("POST", "/auth/email/verify", json={"token": token, "currentPassword": RESET})
    await run.deliver()


async def deactivation(run: Run) -> None:
    body = {"currentPassword": PASSWORDS[CLEO]}
    await run.ask("POST", "/auth/account/deactivate", json=body, bearer=run.bearer(CLEO), status=204)
    await run.ask("GET", "/auth/me", bearer=run.bearer(CLEO), status=401)
    await run.deliver()


async def deletion(run: Run) -> None:
    await run.app.activations.reactivate(Actor.system(), CLEO)
    await run.sign_in(CLEO)
    wrong = {"currentPassword": run.keep("wrong proof", "another wrong proof of hers")}
    await run.ask("POST", "/auth/account/delete", json=wrong, bearer=run.bearer(CLEO), status=403)
    right = {"currentPassword": PASSWORDS[CLEO]}
    await run.ask("POST", "/auth/account/delete", json=right, bearer=run.bearer(CLEO), status=204)
    await run.ask("GET", "/auth/me", bearer=run.bearer(CLEO), status=401)
    await run.deliver()


FLOWS: tuple[Callable[[Run], Awaitable[None]], ...] = (
    register,
    sign_in,
    refresh_and_replay,
    revoke_and_introspect,
    api_keys,
    sockets,
    uploads,
    invitations,
    transfer,
    sessions,
    signing_keys,
    another_password,
    forgotten_password,
    another_address,
    deactivation,
    deletion,
)


@pytest.fixture
async def served(settings: Settings, database: str, redis_database: str) -> AsyncIterator[FastAPI]:
    served = build(settings.replaced(log_level="DEBUG"))
    async with served.router.lifespan_context(served):
        yield served


@pytest.fixture
async def run(served: FastAPI, settings: Settings, engine: AsyncEngine) -> AsyncIterator[Run]:
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url=settings.issuer) as client:
        yield Run(client=client, served=served, app=served.state.app, settings=settings, engine=engine)


async def written(run: Run, records: RecordKeeper) -> list[Writing]:
    stored = await stored_writings(run.engine)
    kept = await redis_writings(run.settings.redis_url.get_secret_value())
    return [*records.writings, *run.writings, *stored, *kept]


async def test_no_flow_leaves_a_secret_in_what_the_server_writes(run: Run) -> None:
    run.keep("secret key", run.settings.secret_key.get_secret_value())
    with kept_records() as records:
        for flow in FLOWS:
            await flow(run)
    found = await written(run, records)
    assert leaks(run.secrets, found) == []
    # What was looked through is all there, and so are the secrets.
    places = {writing.place for writing in found}
    tables = ("event", "security_event", "job", "idempotency_key", "one_time_link", "refresh_token", "api_key")
    assert {"redis", "mail's subject", "log api.http.access_log", *(f"table {name}" for name in tables)} <= places
    assert {"access_token", "refresh_token", "API key", "invitation's link", "reset link", "wrong password"} <= set(
        run.secrets.values()
    )


async def test_every_place_of_a_planted_leak_is_found(run: Run) -> None:
    with kept_records() as records:
        await register(run)
        await sign_in(run)
        token, password = run.bearer(ANN), PASSWORDS[ANN]
        logging.getLogger("api.planted").debug("A request with %s", token)
        logging.getLogger("api.planted").info("signed in", extra={"facts": {"password": password}})
    assert leaks(run.secrets, await written(run, records)) == [
        ("access_token", "log api.planted"),
        ("access_token", "log api.planted"),
        ("password", "log api.planted"),
    ]
    planted = Writing("answer", f"error: {password.replace(' ', '+')}")
    for secret, name in run.secrets.items():
        for text in (secret, f'{{"message": "{secret}"}}', f"x{secret}x"):
            assert (name, "somewhere") in leaks({secret: name}, [Writing("somewhere", text)])
        assert leaks({secret: name}, [Writing("somewhere", secret, frozenset({secret}))]) == []
    signature = Writing("answer", token.rpartition(".")[2])
    assert leaks(run.secrets, [signature]) == [("access_token", "answer")]
    assert leaks(run.secrets, [planted]) == [("password", "answer")]
