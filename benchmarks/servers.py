"""Servers of the comparison: the command that starts each, and the requests it expects."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import fraiseql, postgraphile
from benchmarks.answers import with_plain_cursors, with_zulu_times, without_cursors
from benchmarks.dataset import PUBLIC_URL, Dataset
from benchmarks.handwritten.statements import UPDATE as UPDATE_STATEMENT
from benchmarks.load import Request
from benchmarks.operations import (
    FILTER_PRIORITIES,
    FILTERED,
    ISSUE,
    NESTED,
    REFERENCE,
    UPDATE,
    VIEWER,
    Operation,
)
from benchmarks.places import BEFORE_FOLDER, PEERS, ROOT
from benchmarks.programs import BEFORE, FRAISEQL_PYTHON, NEWER_PYTHON, NODE, PEERS_NEWER_PYTHON, PEERS_PYTHON, PYTHON
from domain.issues.priorities import Priority
from infra.dev.embedded import ROLE
from infra.settings import PREFIX

WORKGRAPH, STOCK, EARLIER = "workgraph", "stock", "before"
POOL_SIZE = 10  # Workgraph's own default
SHARES = 3  # one account can use a third of the connections, and one asks everything here
POOL_SECONDS = 30.0  # nobody is refused for having waited, since that would make the others faster
UNLIMITED = 10**12  # points
DAY_SECONDS = 86_400  # the most that can be set
GRAPHQL_PATH = "/graphql"
WRITERS = 16
_LIST_AND_VIEWER = (VIEWER, REFERENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Data set, port, signing keys, folder and program that a server is started with."""

    dataset: Dataset
    port: int
    keys: Sequence[Mapping[str, str]]
    folder: Path
    program: Path = Path(sys.executable)


Start = Callable[[Setting], tuple[list[str], dict[str, str]]]
Asked = Callable[[Operation, Dataset], Request]


def _as_it_is(data: Any) -> Any:
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Server to compare. `start` gives the command and its environment; `seen` the part of an answer to compare.

    `program` is what the server runs on. `only` names the operations to measure, by default all but those of `skipped`,
    which maps operations to reasons. `has_middle_only` leaves out 1 and 64 connections, and `more_connections` adds
    numbers of connections for single operations.
    """

    name: str
    title: str
    start: Start
    asked: Asked
    program: str = PYTHON
    only: Sequence[str] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    has_middle_only: bool = False
    more_connections: Mapping[str, Sequence[int]] = field(default_factory=dict)
    normalize: Callable[[Any], Any] = _as_it_is
    seen: Callable[[Any], Any] = with_plain_cursors

    def offers(self, operation: Operation) -> bool:
        return operation.name not in self.skipped and (not self.only or operation.name in self.only)


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.defpath, "LANG": "C.UTF-8"} | more


def python_path(root: Path) -> str:
    """PYTHONPATH that makes a checkout's packages importable without installing them."""
    return os.pathsep.join([str(root), str(root / "strawberry_compiled" / "src")])


def _workgraph(execution: str, *, root: Path = ROOT) -> Start:
    def start(setting: Setting) -> tuple[list[str], dict[str, str]]:
        settings = setting.dataset.settings
        variables = {
            "ENVIRONMENT": "production",
            "DATABASE_URL": setting.dataset.url,
            "REDIS_URL": settings.redis_url.get_secret_value(),
            "SECRET_KEY": settings.secret_key.get_secret_value(),
            "PUBLIC_URL": PUBLIC_URL,
            "DATA_DIR": str(settings.data_dir.resolve()),
            "PORT": str(setting.port),
            "EXECUTION": execution,
            "DATABASE_POOL_SIZE": str(SHARES * POOL_SIZE),
            "DATABASE_ACCOUNT_QUEUE": str(UNLIMITED),
            "DATABASE_BUDGET_SECONDS": str(DAY_SECONDS),
            "DATABASE_BUDGET_FREE_SECONDS": str(DAY_SECONDS),
            "DATABASE_POOL_SECONDS": str(POOL_SECONDS),
            "REQUEST_SECONDS": str(POOL_SECONDS),
            "GRAPHQL_COST_PER_HOUR": str(UNLIMITED),
            "GRAPHQL_COST_BURST": str(UNLIMITED),
        }
        command = [str(setting.program), "-m", "cli", "serve", "--workers", "1"]
        return command, _environment(
            PYTHONPATH=python_path(root.resolve()), **{PREFIX + name: value for name, value in variables.items()}
        )

    return start


def _by_hand(family: str) -> Start:
    def start(setting: Setting) -> tuple[list[str], dict[str, str]]:
        path = _written(setting, family=family, url=setting.dataset.url, poolSeconds=POOL_SECONDS)
        command = [str(setting.program), "-m", "benchmarks.handwritten", str(path)]
        return command, _environment(PYTHONPATH=python_path(ROOT))

    return start


def _python_peer(module: str, *arguments: str) -> Start:
    def start(setting: Setting) -> tuple[list[str], dict[str, str]]:
        path = _written(setting, url=setting.dataset.driver_url)
        command = [str(setting.program), "-m", f"benchmarks.python_peers.apps.{module}", str(path), *arguments]
        return command, _environment(PYTHONPATH=python_path(ROOT))

    return start


def _peer(script: str, *arguments: str) -> Start:
    def start(setting: Setting) -> tuple[list[str], dict[str, str]]:
        dataset = setting.dataset
        path = _written(setting, socketDir=dataset.socket_dir, user=ROLE, database=ROLE, update=UPDATE_STATEMENT)
        return [str(setting.program), str(PEERS / script), str(path), *arguments], _environment(NODE_ENV="production")

    return start


def _written(setting: Setting, **more: Any) -> Path:
    path = setting.folder / "server.json"
    common = {"port": setting.port, "poolSize": POOL_SIZE, "issuer": PUBLIC_URL, "keys": list(setting.keys)}
    path.write_text(json.dumps(common | more))
    return path.resolve()


def _graphql(text: str, variables: Mapping[str, Any]) -> Request:
    body = json.dumps({"query": text} | ({"variables": variables} if variables else {}))
    return Request(method="POST", path=GRAPHQL_PATH, body=body, headers={"Content-Type": "application/json"})


def _as_operation(operation: Operation, _dataset: Dataset) -> Request:
    return _graphql(operation.text, operation.variables)


def _as_postgraphile(operation: Operation, dataset: Dataset) -> Request:
    return _graphql(postgraphile.TEXTS[operation.name], postgraphile.variables(dataset).get(operation.name, {}))


def _as_grommet(operation: Operation, _dataset: Dataset) -> Request:
    """The operation with strings in place of values of enums, which Grommet does not have."""
    return _graphql(operation.text.replace("direction: DESC", 'direction: "DESC"'), operation.variables)


def _as_fraiseql(operation: Operation, _dataset: Dataset) -> Request:
    return _graphql(fraiseql.TEXTS[operation.name], {})


def _as_endpoint(operation: Operation, dataset: Dataset) -> Request:
    if operation.is_write:
        headers = {"Content-Type": "application/json"}
        return Request(method="POST", path="/update", body=json.dumps(operation.variables), headers=headers)
    priorities = [int(Priority[name]) for name in FILTER_PRIORITIES]
    parameters: Mapping[str, Mapping[str, Any]] = {
        VIEWER: {},
        REFERENCE: {"slug": "acme", "first": 50},
        ISSUE: {"slug": dataset.slug, "identifier": dataset.identifier, "first": 100},
        FILTERED: {
            "slug": dataset.slug,
            "first": 50,
            "category": "STARTED",
            "label": dataset.label,
            "priority": priorities,
        },
        NESTED: {"slug": dataset.slug, "first": 100, "comments": 10},
    }
    query = urlencode(parameters[operation.name], doseq=True)
    return Request(method="GET", path=f"/{operation.name}" + (f"?{query}" if query else ""))


def _node(name: str, title: str, *script: str) -> Server:
    return Server(name=name, title=title, start=_peer(*script), asked=_as_operation, program=NODE)


def _python(name: str, title: str, *module: str, program: str = PEERS_PYTHON, **more: Any) -> Server:
    return Server(
        name=name,
        title=title,
        start=_python_peer(*module),
        asked=more.pop("asked", _as_operation),
        program=program,
        only=_LIST_AND_VIEWER,
        has_middle_only=True,
        normalize=more.pop("normalize", with_zulu_times),
        **more,
    )


SERVERS: Sequence[Server] = (
    Server(
        name=WORKGRAPH,
        title="Workgraph",
        start=_workgraph("compiled"),
        asked=_as_operation,
        more_connections={UPDATE: (WRITERS,)},
    ),
    Server(name=STOCK, title="Workgraph, stock execution", start=_workgraph("stock"), asked=_as_operation),
    Server(
        name=EARLIER,
        title="Workgraph before the work on speed",
        start=_workgraph("compiled", root=BEFORE_FOLDER),
        asked=_as_operation,
        program=BEFORE,
        only=(UPDATE,),
        has_middle_only=True,
        more_connections={UPDATE: (WRITERS,)},
    ),
    Server(
        name="newer",
        title="Workgraph on a newer Python",
        start=_workgraph("compiled"),
        asked=_as_operation,
        program=NEWER_PYTHON,
        only=_LIST_AND_VIEWER,
        has_middle_only=True,
    ),
    Server(name="core", title="FastAPI by hand: SQLAlchemy Core", start=_by_hand("core"), asked=_as_endpoint),
    Server(name="asyncpg", title="FastAPI by hand: asyncpg", start=_by_hand("plain"), asked=_as_endpoint),
    Server(name="pgjson", title="FastAPI by hand: JSON from PostgreSQL", start=_by_hand("whole"), asked=_as_endpoint),
    _node("apollo", "Apollo Server", "apollo.mjs"),
    _node("yoga", "GraphQL Yoga + JIT", "yoga.mjs"),
    _node("mercurius", "Mercurius + JIT, its loaders", "mercurius.mjs"),
    _node("mercurius-dataloader", "Mercurius + JIT, DataLoader", "mercurius.mjs", "dataloader"),
    Server(
        name="postgraphile",
        title="PostGraphile 5",
        start=_peer("postgraphile.mjs"),
        asked=_as_postgraphile,
        program=NODE,
        skipped=postgraphile.SKIPPED,
        normalize=postgraphile.normalized,
        seen=without_cursors,
    ),
    _python(
        "compiled-batches", "Strawberry + compiled, batch fields", "with_strawberry_compiled", "batches", program=PYTHON
    ),
    _python(
        "compiled-dataloader",
        "Strawberry + compiled, DataLoader",
        "with_strawberry_compiled",
        "loaders",
        program=PYTHON,
    ),
    _python(
        "compiled-preloaded",
        "Strawberry + compiled, preloaded",
        "with_strawberry_compiled",
        "preloaded",
        program=PYTHON,
    ),
    _python("ariadne-dataloader", "Ariadne, DataLoader", "with_ariadne", "loaders"),
    _python("ariadne-preloaded", "Ariadne, preloaded", "with_ariadne", "preloaded"),
    _python("bramble-dataloader", "Bramble, DataLoader", "with_bramble", "loaders"),
    _python("bramble-preloaded", "Bramble, preloaded", "with_bramble", "preloaded"),
    _python(
        "grommet-dataloader",
        "Grommet, DataLoader",
        "with_grommet",
        "loaders",
        program=PEERS_NEWER_PYTHON,
        asked=_as_grommet,
    ),
    _python(
        "grommet-preloaded",
        "Grommet, preloaded",
        "with_grommet",
        "preloaded",
        program=PEERS_NEWER_PYTHON,
        asked=_as_grommet,
    ),
    _python(
        "fraiseql",
        "FraiseQL",
        "with_fraiseql",
        program=FRAISEQL_PYTHON,
        asked=_as_fraiseql,
        normalize=fraiseql.normalized,
        seen=fraiseql.seen,
    ),
)
