import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from api.shared.request_id import known_request_id
from infra.db.usage import RequestUsage
from infra.shared.logs import configure_logging
from tests import api_defaults
from tests.engine.api.http.http_world import BEARER, TOKEN, World, running


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "api.http.access_log"]


async def test_each_request_leaves_one_record_without_what_it_carried(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        query = "query Named($n:String!){item(name:$n){name}}"
        content = {"query": query, "variables": {"n": "a secret value"}}
        await client.post("/graphql?key=in-the-address", json=content, headers=BEARER)
    (record,) = records(caplog)
    text = record.getMessage()
    assert text.startswith("POST /graphql 200 ")
    assert text.endswith(" Named")
    facts = record.facts  # type: ignore[attr-defined]  # what the logger adds
    assert (facts["method"], facts["path"], facts["status"], facts["operation"]) == ("POST", "/graphql", 200, "Named")
    assert facts["ms"] >= 0
    for secret in ("a secret value", "in-the-address", TOKEN, "item"):
        assert secret not in text + str(facts)


async def test_the_record_of_an_operation_says_its_database_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def used(account: str) -> RequestUsage:
        usage = RequestUsage(account)
        usage.seconds = 0.0123
        return usage

    with caplog.at_level(logging.INFO):
        async with running(World(usage=used)) as client:
            await client.post("/graphql", json={"query": "query Named { viewer }"}, headers=BEARER)
            await client.get("/nothing")
    operation, other = records(caplog)
    assert operation.facts["database_ms"] == 12.3  # type: ignore[attr-defined]  # what the logger adds
    assert operation.getMessage().endswith(" (database 12.3) Named")
    assert "database" not in other.getMessage()


async def test_a_path_cannot_break_a_line(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await client.get("/nothing%0d%0aPOST%20/admin")
    (record,) = records(caplog)
    assert "\n" not in record.getMessage()
    assert "\r" not in record.getMessage()


async def test_probes_are_quiet_while_all_is_well(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await client.get("/livez")
    assert records(caplog) == []


@pytest.mark.parametrize(
    ("offered", "is_taken"),
    [("trace-1234", True), ("a" * 64, True), ("a" * 65, False), ("short", False), ("a b c d e f", False), ("", False)],
)
async def test_a_sane_request_id_is_kept(client: httpx.AsyncClient, offered: str, is_taken: bool) -> None:
    given = (await client.get("/livez", headers={"X-Request-Id": offered})).headers["x-request-id"]
    assert (given == offered) is is_taken
    assert len(given) >= 8


async def test_each_request_has_an_id_of_its_own(client: httpx.AsyncClient) -> None:
    ids = {(await client.get("/livez")).headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


async def test_only_known_hosts_are_served(world: World) -> None:
    async with running(world, api_defaults.http(allowed_hosts=("tracker.example.org",))) as client:
        assert (await client.get("/livez", headers={"Host": "evil.example"})).status_code == 400
        assert (await client.get("/livez", headers={"Host": "tracker.example.org"})).status_code == 200


@contextmanager
def production_log() -> Iterator[io.StringIO]:
    """The log of a server in production, whose handler is the only one."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(is_json=True, level="INFO", request_id=known_request_id, stream=stream)
    try:
        yield stream
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)


def created(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Loggers of the records that are created from now on."""
    names: list[str] = []
    make = logging.Logger.makeRecord

    def noting(self: logging.Logger, *arguments: object) -> logging.LogRecord:
        names.append(self.name)
        return make(self, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(logging.Logger, "makeRecord", noting)
    return names


async def test_a_line_is_written_without_a_record_unless_another_handler_could_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = created(monkeypatch)
    logger = logging.getLogger("api.http.access_log")
    other = logging.NullHandler()
    counts: list[int] = []

    def drop(_: logging.LogRecord) -> bool:
        return False

    with production_log() as stream:
        async with running(World()) as client:

            async def count_records() -> None:
                names.clear()
                content = {"query": "query Named { viewer }"}
                await client.post("/graphql", json=content, headers=BEARER | {"X-Request-Id": "trace-1234"})
                counts.append(names.count(logger.name))

            await count_records()
            for node in (logging.getLogger(), logging.getLogger("api.http"), logger):
                node.addHandler(other)
                await count_records()
                node.removeHandler(other)
            logger.addFilter(drop)
            await count_records()
            logger.removeFilter(drop)
            monkeypatch.setattr(logging, "_logRecordFactory", lambda *a, **b: logging.LogRecord(*a, **b))
            await count_records()
    assert counts == [0, 1, 1, 1, 1, 1]
    entries = [json.loads(line) for line in stream.getvalue().splitlines()]
    lines = [entry for entry in entries if entry["logger"] == logger.name]
    assert len(lines) == 5, "the filter dropped one"
    for line in lines:
        assert list(line) == [
            *("time", "level", "logger", "message", "request_id"),
            *("method", "path", "status", "ms", "database_ms", "operation"),
        ]
        assert (line["level"], line["logger"], line["request_id"]) == ("INFO", logger.name, "trace-1234")
        assert line["message"] == f"POST /graphql 200 {line['ms']} (database {line['database_ms']}) Named"
