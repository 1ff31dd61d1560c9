"""Every sample of the explorer does what it shows, on the demo workspace and over the wire."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, parse, validate
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from api.graphql.runner import graphql_schema
from api.main import build
from api.schema import schema
from domain.seed.commands import SeedOrder
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG
from domain.transfers.commands import ImportDraft
from domain.transfers.model import ImportFormat
from infra.settings import Settings
from tests.e2e.loopback import new_listener, served
from tests.platform.api.explorer.samples import SAMPLES, SUGGESTIONS, Sample, filled, listing, samples, text
from tests.tracker.api.transfers.exports import chunks, issue, lines

BY_TITLE = {sample.title: sample for sample in samples()}
LIVE = "Live changes"
ASKED = [sample for sample in samples() if sample.title != LIVE]
SECONDS = 60


@dataclass(frozen=True)
class Demo:
    """The demo workspace, served, and its owner signed in."""

    client: httpx.AsyncClient
    token: str
    answers: Any

    async def ask(self, query: str, variables: Any) -> Any:
        response = await self.client.post("/graphql", json={"query": query, "variables": variables})
        answer = response.json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def run(self, sample: Sample) -> Any:
        """The answer to the sample, filled as it is when a user opens it."""
        answers = await self.ask(text("placeholders.graphql"), {"workspace": DEMO_SLUG})
        return await self.ask(sample.query, filled(sample.variables, answers))


@pytest.fixture
async def demo(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Demo]:
    listener = new_listener()
    app = build(settings.model_copy(update={"port": listener.getsockname()[1], "host": "127.0.0.1"}))
    async with served(app, listener) as address, httpx.AsyncClient(base_url=address, timeout=SECONDS) as client:
        opened = app.state.app
        await opened.seed.seed(Actor.system(cause=Cause.SEED), SeedOrder(size=120, owner_password=DEMO_PASSWORD))
        form = {"grant_type": "password", "username": DEMO_EMAIL, "password": DEMO_PASSWORD}
        token = (await client.post("/auth/token", data=form)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        demo = Demo(client, token, {})
        answers = await demo.ask(text("placeholders.graphql"), {"workspace": DEMO_SLUG})
        actor = await opened.auth.authenticate(token)
        upload = (await opened.imports.upload(actor, "export.json", chunks(lines(issue(1))))).value
        draft = ImportDraft(
            workspace_id=answers["workspace"]["id"], format=ImportFormat.JIRA, file_id=upload.id, project_key=None
        )
        await opened.imports.start(actor, draft)
        yield Demo(client, token, answers)


def test_the_list_names_every_file_once():
    files = [each["file"] for each in listing()["samples"]]
    assert sorted([*files, "placeholders.graphql", "samples.json"]) == sorted(path.name for path in SAMPLES.iterdir())
    assert len(BY_TITLE) == len(files)


@pytest.mark.parametrize("file", sorted(path.name for path in SAMPLES.glob("*.graphql")))
def test_a_sample_is_short_commented_named_and_fits_the_schema(file: str):
    document = parse(text(file))
    assert validate(graphql_schema(schema), document) == []
    [operation] = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    assert operation.name is not None
    assert text(file).startswith("# ")
    comments = [line for line in text(file).splitlines() if line.startswith("#")]
    assert max(map(len, comments)) <= 60, "columns, which the editor shows at 1280 pixels"
    assert len(text(file).splitlines()) <= 40


def test_every_variable_of_a_sample_is_declared_and_every_placeholder_used():
    for sample in samples():
        [operation] = [each for each in parse(sample.query).definitions if isinstance(each, OperationDefinitionNode)]
        assert {each.variable.name.value for each in operation.variable_definitions or ()} == set(sample.variables)
    written = json.dumps([dict(sample.variables) for sample in samples()])
    used = set(re.findall(r'"(\{\w+\})"', written))
    assert used == {*listing()["placeholders"], *SUGGESTIONS}


def empty_lists(value: Any, path: str) -> list[str]:
    if isinstance(value, dict):
        return [found for name, each in value.items() for found in empty_lists(each, f"{path}.{name}")]
    return [path] if value in ([], None) and path.endswith(".nodes") else []


# The first issue of the demo workspace has comments and nothing under it.
MAY_BE_EMPTY = {"One issue with its comments": {".workspace.issue.children.nodes"}}


async def test_every_sample_succeeds_and_shows_something(demo: Demo):
    for sample in ASKED:
        data = await demo.run(sample)
        assert all(value is not None for value in data.values()), (sample.title, data)
        for payload in data.values():
            assert not payload.get("errors"), (sample.title, data)
        assert set(empty_lists(data, "")) <= MAY_BE_EMPTY.get(sample.title, set()), (sample.title, data)


async def test_the_third_page_goes_on_where_the_second_ends(demo: Demo):
    data = await demo.run(BY_TITLE["The third page"])
    query = "query ($w: String!) { workspace(slug: $w) { issues(first: 30) { nodes { identifier } } } }"
    first = await demo.ask(query, {"w": DEMO_SLUG})
    page = data["workspace"]["issues"]
    assert [node["identifier"] for node in page["nodes"]] == [
        node["identifier"] for node in first["workspace"]["issues"]["nodes"][20:]
    ]
    assert page["pageInfo"]["hasPreviousPage"] is True


@asynccontextmanager
async def following(demo: Demo, sample: Sample, *, after: Any) -> AsyncIterator[ClientConnection]:
    url = str(demo.client.base_url.copy_with(scheme="ws")).rstrip("/")
    async with connect(f"{url}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        payload = {"Authorization": f"Bearer {demo.token}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        request = {"query": sample.query, "variables": {**filled(sample.variables, demo.answers), "after": after}}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": request}))
        yield socket


@pytest.mark.parametrize(
    ("title", "kind"), [("Create an issue", "ISSUE_CREATED"), ("Change an issue", "ISSUE_UPDATED")]
)
async def test_changes_of_a_sample_arrive_in_the_live_changes(demo: Demo, title: str, kind: str):
    # Nothing tells when a subscription has begun; from a known revision on it misses nothing.
    [known] = (await demo.run(BY_TITLE["Create an issue"])).values()
    async with asyncio.timeout(SECONDS), following(demo, BY_TITLE[LIVE], after=known["revision"]) as socket:
        [payload] = (await demo.run(BY_TITLE[title])).values()
        events: list[Any] = []
        while not events:
            message = json.loads(await socket.recv())
            assert message["type"] == "next", message
            assert "errors" not in message["payload"], message
            events = message["payload"]["data"]["changes"]["events"]
    assert [(each["kind"], each["revision"], each["actor"]) for each in events] == [
        (kind, payload["revision"], {"name": "Demo"})
    ]


async def test_the_sample_of_a_batch_shows_what_it_would_change(demo: Demo):
    [payload] = (await demo.run(BY_TITLE["Change several issues"])).values()
    assert [each["kind"] for each in payload["plannedEvents"]] == ["ISSUE_UPDATED", "ISSUE_UPDATED"]
    assert all(each["changes"] for each in payload["results"])
    assert (payload["changedCount"], payload["revision"]) == (2, None)


async def test_the_sample_of_an_undo_takes_back_the_last_change(demo: Demo):
    [changed] = (await demo.run(BY_TITLE["Change an issue"])).values()
    sample = BY_TITLE["Undo the last change"]
    [planned] = (await demo.run(sample)).values()
    assert [each["kind"] for each in planned["plannedEvents"]] == ["ISSUE_UPDATED", "CHANGE_SET_UNDONE"]
    assert planned["revision"] is None
    carried_out = {"input": {**sample.variables["input"], "dryRun": False}}
    [undone] = (await demo.run(replace(sample, variables=carried_out))).values()
    assert undone["results"] == planned["results"]
    assert (undone["changedCount"], undone["revision"]) == (1, changed["revision"] + 2)
