"""README.md and docs: every command runs as written, and queries return the responses shown."""

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

from domain.auth.errors import WRONG_PASSWORD
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from tests.e2e.processes import ROOT, SECONDS, Workgraph, forget_data
from tests.e2e.test_dev import free_port

PATIENCE = 600  # seconds for all of its commands, whatever else the machine does
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")))
    if path.exists()
}
TUTORIAL = PAGES["docs/tutorial/first-steps.md"]
SIGN_IN = PAGES["docs/how-to/sign-in.md"]
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
"""Files that the commands find in the folder that they run in."""
OUTPUTS = {
    "README.md": ["ENG-", '"status":"ready"'],
    "docs/how-to/api-keys.md": ["'totalCount':"],
    "docs/how-to/create-accounts.md": ['"email":"you@example.org"', '"email":"second@example.org"'],
    "docs/how-to/deploy.md": ["Created workspace large: 2000 issues"],
    "docs/how-to/follow-changes.md": ["'kind': 'WORKSPACE_CREATED'", '"isUndoable":false'],
    "docs/how-to/trusted-documents.md": ["sha256:"],
    "docs/how-to/undo-changes.md": ['"before":["Renamed by mistake"]'],
    "docs/how-to/update-without-overwriting.md": ['"field":"title"', '"current":["Renamed by the first"]'],
}
"""Page -> parts of what its commands print."""
REFUSED = {"docs/how-to/update-without-overwriting.md": 1}
"""Page -> number of commands that show a refused mutation."""
LEFT_OUT = ("git", "make", "printf", "npm", "pip")
"""First words of blocks that need a fresh clone, Docker, a package registry, or servers of one's own."""


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


WITH_COMMANDS = [name for name, text in PAGES.items() if executed(text)]


def test_blocks_are_found_with_what_they_are():
    text = "```sh\na\n```\n\n```sh not-run\nb\n```\n```json\n{}\n```\n```\npicture\n```\n"
    assert [block.info for block in blocks(text)] == ["sh", "sh not-run", "json", ""]
    assert executed(text) == ["a\n"]
    with pytest.raises(ValueError, match="sh later"):
        executed("```sh later\na\n```\n")


def test_only_what_cannot_run_here_is_left_out():
    left_out = [
        block.text for text in PAGES.values() for block in blocks(text) if block.is_shell and NOT_RUN in block.info
    ]
    assert {text.split()[0] for text in left_out} <= set(LEFT_OUT)
    assert sum(len(executed(text)) for text in PAGES.values()) > 2 * len(left_out)


def test_commands_of_workgraph_name_its_folder():
    """`workgraph` is on the path in no shell but one that a block says so for."""
    for name, text in PAGES.items():
        for block in blocks(text):
            if block.is_shell and ".venv/bin:$PATH" not in block.text and "docker compose" not in block.text:
                assert re.findall(r"^\s*workgraph\b", block.text, re.MULTILINE) == [], name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workgraph, str]]:
    folder = tmp_path_factory.mktemp("guide")
    (folder / ".venv").symlink_to(sys.prefix)
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
    assert shutil.which("curl"), "The commands need curl."
    environment = workgraph.environment
    folders = environment["PATH"].split(os.pathsep)
    environment["PATH"] = os.pathsep.join(each for each in folders if not (Path(each) / "workgraph").exists())
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
    return ran(place, f'{executed(TUTORIAL)[0]}\necho "$TOKEN"\n').strip()


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
    query, shown = code(TUTORIAL, "graphql")[0], code(TUTORIAL, "json")[0]
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
def test_the_subscription_of_the_tutorial_shows_its_comment(place: tuple[Workgraph, str], token: str):
    subscription = code(TUTORIAL, "graphql")[1]
    replayed = subscription.replace('"acme"', '"acme", after: 0')
    with subscribed(place[1], token, replayed) as socket:
        first = json.loads(socket.recv(SECONDS))["payload"]["data"]["changes"]["events"][0]
        assert (first["revision"], first["kind"]) == (1, "WORKSPACE_CREATED")
    with subscribed(place[1], token, subscription) as socket:
        output = ran(place, "\necho\n".join(executed(TUTORIAL)))
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


@pytest.mark.verify
@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_every_command_of_a_page_runs(place: tuple[Workgraph, str], token: str, name: str):
    output = ran(place, "\necho\n".join(executed(PAGES[name])))
    assert [part for part in OUTPUTS.get(name, []) if part not in output] == [], output
    assert len(re.findall(r'"errors":\s*\[\s*\{', output)) == REFUSED.get(name, 0), output
    if name == "docs/how-to/import-issues.md":
        for identifier in ("AC-7", "REPO-3"):
            query = f'{{ workspace(slug: "acme") {{ issue(identifier: "{identifier}") {{ title }} }} }}'
            assert "Bring me in" in json.dumps(asked(place, token, query))


def code(text: str, language: str) -> list[str]:
    return [block.text for block in blocks(text) if block.language == language]


def written(place: tuple[Workgraph, str], program: str) -> str:
    """The path of the program, in which localhost:8000 is the running server."""
    script = place[0].folder / "program.mjs"
    script.write_text(program.replace("localhost:8000", place[1].removeprefix("http://")))
    return str(script)


def answered(place: tuple[Workgraph, str], command: list[str], program: str) -> str:
    """Output of the program."""
    script = written(place, program)
    done = subprocess.run([*command, script], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, ""), program
    return done.stdout


@pytest.mark.verify
def test_python_programs_sign_in_as_they_are_shown(place: tuple[Workgraph, str]):
    programs = code(SIGN_IN, "python")
    assert [re.findall(r"from (authlib|requests_oauthlib)", each) for each in programs] == [
        ["authlib"],
        ["requests_oauthlib"],
    ]
    told = [answered(place, [sys.executable], each) for each in programs]
    assert all("'viewer': {'name': 'Demo'}" in each for each in told)
    assert "'active': True" in told[0]


@pytest.mark.verify
def test_the_program_that_follows_changes_prints_them(place: tuple[Workgraph, str], token: str):
    [program] = code(PAGES["docs/how-to/follow-changes.md"], "python")
    script = written(place, program)
    environment = os.environ | {"WORKGRAPH_TOKEN": token}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1 WORKSPACE_CREATED\n"
        process.kill()


@pytest.mark.verify
def test_the_program_that_appends_keeps_what_is_there(place: tuple[Workgraph, str], token: str):
    [program] = code(PAGES["docs/how-to/update-without-overwriting.md"], "python")
    environment = os.environ | {"WORKGRAPH_TOKEN": token}
    command = [sys.executable, written(place, program)]
    programs = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=PATIENCE)[0].strip() for process in programs] == ["Appended."] * 3
    query = '{ workspace(slug: "acme") { issue(identifier: "ENG-2") { description } } }'
    described = asked(place, token, query)["data"]["workspace"]["issue"]["description"]
    assert len(re.findall(r"Checked by \d+\.", described)) == 3


@pytest.mark.verify
def test_a_browser_application_renews_its_token_once(place: tuple[Workgraph, str]):
    node = shutil.which("node")
    if node is None:
        pytest.skip("No Node.js here, which runs what is meant for browsers.")
    [shown] = code(SIGN_IN, "js")
    use = f"""
const asked = [];
const plain = fetch;
globalThis.fetch = (url, init) => {{ asked.push(new URL(url).pathname); return plain(url, init); }};
await signIn("{DEMO_EMAIL}", "a wrong guess at it").catch((error) => console.log(error.message));
await signIn("{DEMO_EMAIL}", "{DEMO_PASSWORD}");
const first = tokens.access_token;
tokens = {{ ...tokens, access_token: first + "x" }};
const answers = await Promise.all([1, 2, 3].map(() => ask("{{ viewer {{ name }} }}")));
console.log(JSON.stringify(answers.map((each) => each.data.viewer.name)), tokens.access_token !== first);
console.log(asked.filter((each) => each === "/auth/token").length);
"""
    told = answered(place, [node], shown + use).splitlines()
    assert told == [WRONG_PASSWORD, '["Demo","Demo","Demo"] true', "3"]


@pytest.mark.verify
def test_a_socket_signs_in_with_what_is_shown(place: tuple[Workgraph, str], token: str):
    """Proves that the `connectionParams` function in the guide gives the payload that signs in a socket."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("No Node.js here, which runs what is meant for browsers.")
    [shown] = re.findall(r"`connectionParams: (.+?)`", SIGN_IN)
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
