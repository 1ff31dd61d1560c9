"""README.md is true: its commands run, its query has that answer, its subscription tells of its comment."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from domain.seed.commands import DEMO_EMAIL, DEMO_PASSWORD
from tests.e2e.processes import ROOT, SECONDS, Workgraph, forget_data
from tests.e2e.test_dev import free_port

PATIENCE = 600  # seconds for all of its commands, whatever else the machine does
README = (ROOT / "README.md").read_text()
SHELL = ("sh", "console", "bash", "shell")
NOT_RUN = "not-run"
BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FIELDS = {"project": {"key": "AC", "name": "Alpha"}, "status": {"name": "Open", "statusCategory": {"key": "new"}}}
FILES = {
    "export.jsonl": {
        "id": "1",
        "key": "AC-7",
        "fields": {
            **FIELDS,
            "summary": "Bring me in",
            "description": "h1. Title",
            "issuetype": {"name": "Bug"},
            "creator": {"name": "ann", "key": "ann", "displayName": "Ann", "active": True},
            "created": "2013-04-11T22:31:21.000+0000",
            "updated": "2013-04-12T22:31:21.000+0000",
            "labels": ["old"],
            "comment": {"comments": [], "total": 0, "maxResults": 0, "startAt": 0},
        },
    },
    "issues.json": [
        {
            "number": 3,
            "node_id": "I_3",
            "title": "Bring me in too",
            "html_url": "https://github.com/somebody/thing/issues/3",
            "state": "open",
            "user": {"login": "ann"},
            "author_association": "NONE",
            "assignees": [],
            "labels": [{"name": "bug", "description": None, "color": "d73a4a"}],
            "body": "Hello.",
            "created_at": "2025-01-01T00:00:00Z",
            "updated_at": "2025-01-01T00:00:00Z",
            "closed_at": None,
            "comments": 0,
        }
    ],
}
"""What the commands of the README find in the folder that they run in."""


@dataclass(frozen=True)
class Block:
    info: str
    text: str

    @property
    def language(self) -> str:
        return self.info.split()[0] if self.info else ""

    @property
    def is_shell(self) -> bool:
        return self.language in SHELL


def blocks(text: str) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(text)]


def executed(text: str) -> list[str]:
    """The shell blocks that are run; raises ValueError for one that is neither run nor says `not-run`."""
    shell = [block for block in blocks(text) if block.is_shell]
    unknown = [block.info for block in shell if block.info.split()[1:] not in ([], [NOT_RUN])]
    if unknown:
        raise ValueError(f"Only `sh` and `sh {NOT_RUN}` say whether a block is run: {unknown}")
    return [block.text for block in shell if NOT_RUN not in block.info]


def test_blocks_are_found_with_what_they_are():
    text = "```sh\na\n```\n\n```sh not-run\nb\n```\n```json\n{}\n```\n```\npicture\n```\n"
    assert [block.info for block in blocks(text)] == ["sh", "sh not-run", "json", ""]
    assert executed(text) == ["a\n"]
    with pytest.raises(ValueError, match="sh later"):
        executed("```sh later\na\n```\n")


def test_what_is_not_run_cannot_be():
    """A block is left out only when it needs a fresh clone, Docker, or a server and secrets of one's own."""
    left_out = [block.text for block in blocks(README) if block.is_shell and NOT_RUN in block.info]
    assert [text.split()[0] for text in left_out] == ["make", "printf", "export"]
    assert len(executed(README)) >= 5


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workgraph, str]]:
    folder = tmp_path_factory.mktemp("readme")
    workgraph = Workgraph(folder, {"PORT": str(free_port())})
    for name, content in FILES.items():
        (folder / name).write_text(json.dumps(content) + "\n")
    url = f"http://localhost:{workgraph.variables['PORT']}"
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text(f"Sign in as {DEMO_EMAIL} with the password {DEMO_PASSWORD}.")
        yield workgraph, url
        assert dev.end(signal.SIGINT) == 0
    forget_data(folder)


def ran(place: tuple[Workgraph, str], script: str) -> str:
    """The output of a shell script in which localhost:8000 is the running server."""
    workgraph, url = place
    assert shutil.which("curl"), "The README's commands need curl."
    environment = workgraph.environment
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://localhost:8000", url)],
        cwd=workgraph.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def token(place: tuple[Workgraph, str]) -> str:
    return ran(place, executed(README)[0]).strip()


def asked(place: tuple[Workgraph, str], token: str, query: str) -> dict[str, object]:
    body = json.dumps({"query": query})
    header = f"Authorization: Bearer {token}"
    answer = ran(
        place,
        f"curl -sS http://localhost:8000/graphql -H '{header}' -H 'Content-Type: application/json' --data-binary @- "
        f"<<'QUERY'\n{body}\nQUERY\n",
    )
    return json.loads(answer)


@pytest.mark.verify
def test_the_query_has_the_answer_that_is_shown(place: tuple[Workgraph, str], token: str):
    query = next(block.text for block in blocks(README) if block.language == "graphql")
    shown = next(block.text for block in blocks(README) if block.language == "json")
    answer = asked(place, token, query)
    assert answer.pop("extensions").keys() == {"cost"}
    assert answer == json.loads(shown)


@pytest.mark.verify
def test_the_first_query_of_the_landing_page_has_its_answer_by_the_command_beside_it(place: tuple[Workgraph, str]):
    _, url = place
    page = ran(place, "curl -sS -H 'Accept: text/html' http://localhost:8000/")
    shown = {name: unescape(text) for name, text in re.findall(r'<pre id="(\w+)">(.*?)</pre>', page, re.DOTALL)}
    assert shown.keys() == {"query", "answer", "command"}
    assert url in shown["command"]
    answer = json.loads(ran(place, shown["command"]))
    assert answer.pop("extensions").keys() == {"cost"}
    assert answer == json.loads(shown["answer"])


@contextmanager
def subscribed(url: str, token: str, query: str) -> Iterator[ClientConnection]:
    address = url.replace("http", "ws") + "/graphql"
    with connect(address, subprotocols=["graphql-transport-ws"], open_timeout=SECONDS) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
        assert json.loads(socket.recv(SECONDS))["type"] == "connection_ack"
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        yield socket


@pytest.mark.verify
def test_every_command_runs_and_the_subscription_tells_of_the_comment(place: tuple[Workgraph, str], token: str):
    subscription = [block.text for block in blocks(README) if block.language == "graphql"][1]
    replayed = subscription.replace('"acme"', '"acme", after: 0')
    with subscribed(place[1], token, replayed) as socket:
        first = json.loads(socket.recv(SECONDS))["payload"]["data"]["changes"]["events"][0]
        assert (first["revision"], first["kind"]) == (1, "WORKSPACE_CREATED")
    with subscribed(place[1], token, subscription) as socket:
        output = ran(place, "\necho\n".join(executed(README)))
        created = json.loads(next(line for line in output.splitlines() if "commentCreate" in line))
        comment = created["data"]["commentCreate"]
        assert (comment["comment"]["body"], comment["errors"]) == ("Seen, thanks.", [])
        event = json.loads(socket.recv(SECONDS))["payload"]["data"]["changes"]["events"][0]
    assert event == {
        "revision": comment["revision"],
        "kind": "COMMENT_CREATED",
        "subjectId": comment["comment"]["id"],
        "actor": {"name": "Demo"},
    }
    for line in ('"email":"you@example.org"', '"email":"second@example.org"', '"status":"ready"'):
        assert line in output
    assert "Made large: 2000 issues" in output
    for identifier in ("AC-7", "REPO-3"):
        found = asked(
            place, token, f'{{ workspace(slug: "acme") {{ issue(identifier: "{identifier}") {{ title }} }} }}'
        )
        assert str(found["data"]["workspace"]["issue"]["title"]).startswith("Bring me in")  # type: ignore[index]


def code(language: str) -> list[str]:
    return [block.text for block in blocks(README) if block.language == language]


def answered(place: tuple[Workgraph, str], command: list[str], text: str) -> str:
    """What the program prints in which localhost:8000 is the running server."""
    script = place[0].folder / "program.mjs"
    script.write_text(text.replace("http://localhost:8000", place[1]))
    done = subprocess.run([*command, str(script)], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, ""), text
    return done.stdout


@pytest.mark.verify
def test_python_programs_log_in_as_they_are_shown(place: tuple[Workgraph, str]):
    programs = code("python")
    assert [re.findall(r"from (authlib|requests_oauthlib)", each) for each in programs] == [
        ["authlib"],
        ["requests_oauthlib"],
    ]
    told = [answered(place, [sys.executable], each) for each in programs]
    assert all("'viewer': {'name': 'Demo'}" in each for each in told)
    assert "'active': True" in told[0]


@pytest.mark.verify
def test_a_browser_application_renews_its_token_once(place: tuple[Workgraph, str]):
    node = shutil.which("node")
    if node is None:
        pytest.skip("No Node.js here, which runs what is meant for browsers.")
    [shown] = code("js")
    use = f"""
const asked = [];
const plain = fetch;
globalThis.fetch = (url, init) => {{ asked.push(new URL(url).pathname); return plain(url, init); }};
await logIn("{DEMO_EMAIL}", "a wrong guess at it").catch((error) => console.log(error.message));
await logIn("{DEMO_EMAIL}", "{DEMO_PASSWORD}");
const first = tokens.access_token;
tokens = {{ ...tokens, access_token: first + "x" }};
const answers = await Promise.all([1, 2, 3].map(() => ask("{{ viewer {{ name }} }}")));
console.log(JSON.stringify(answers.map((each) => each.data.viewer.name)), tokens.access_token !== first);
console.log(asked.filter((each) => each === "/auth/token").length);
"""
    told = answered(place, [node], shown + use).splitlines()
    assert told == ["The e-mail address or the password is wrong.", '["Demo","Demo","Demo"] true', "3"]


@pytest.mark.verify
def test_a_socket_signs_in_with_what_is_shown(place: tuple[Workgraph, str], token: str):
    """What graphql-ws sends first is what the shown function gives."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("No Node.js here, which runs what is meant for browsers.")
    [shown] = re.findall(r"`connectionParams: (.+?)`", README)
    make = 'mutation { apiKeyCreate(input: {name: "socket", scopes: [READ]}) { key } }'
    key = asked(place, token, make)["data"]["apiKeyCreate"]["key"]  # type: ignore[index]
    address = place[1].replace("http", "ws") + "/graphql"
    for secret, is_good in ((token, True), (key, True), (token + "x", False)):
        program = f"const token = {json.dumps(secret)};\nconsole.log(JSON.stringify(await ({shown})()));\n"
        payload = json.loads(answered(place, [node], program))
        with connect(address, subprotocols=["graphql-transport-ws"], open_timeout=SECONDS) as socket:  # type: ignore[list-item]
            socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            if is_good:
                assert json.loads(socket.recv(SECONDS))["type"] == "connection_ack"
                continue
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(SECONDS)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401
