"""The trace lists the statements of its own operation and of no other."""

import asyncio

import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.exc import DBAPIError

from infra.bootstrap import open_app
from infra.db.engine import open_engines
from infra.db.pool import ReadConnection
from infra.db.read import ReadSession
from infra.db.statement_trace import ContextStatementTrace
from infra.settings import Settings
from tests import defaults

NUMBERS = select(func.generate_series(1, bindparam("most")))


async def test_statements_are_listed_in_order_without_values(database_url: str) -> None:
    trace = ContextStatementTrace()
    async with open_engines(database_url, defaults.engine(), trace) as opened:
        reads = ReadSession(opened.read)
        with trace() as sent:
            await reads.fetch(NUMBERS, most=3)
            async with opened.write.begin() as connection:
                await connection.execute(text("SELECT :word"), {"word": "secret word"})
        assert [(each.rows, each.is_write) for each in sent] == [(3, False), (1, True)]
        assert "generate_series" in sent[0].text
        assert not any("secret word" in each.text for each in sent)
        assert all(each.milliseconds > 0 for each in sent)


async def test_tasks_see_only_their_own_statements(database_url: str) -> None:
    trace = ContextStatementTrace()
    async with open_engines(database_url, defaults.engine(), trace) as opened:
        reads = ReadSession(opened.read)

        async def traced(most: int) -> list[int]:
            with trace() as sent:
                await asyncio.gather(*(reads.fetch(NUMBERS, most=most) for _ in range(3)))
            return [each.rows for each in sent]

        answers = await asyncio.gather(traced(1), traced(2), reads.fetch(NUMBERS, most=4))
        assert answers[:2] == [[1] * 3, [2] * 3]


async def test_a_statement_that_fails_is_not_taken_for_the_next(database_url: str) -> None:
    trace = ContextStatementTrace()
    async with open_engines(database_url, defaults.engine(), trace) as opened, opened.write.connect() as connection:
        with trace() as sent, pytest.raises(DBAPIError):
            await connection.execute(text("SELECT 1 / 0"))
        await connection.rollback()
        with trace() as sent_later:
            await connection.execute(text("SELECT 1"))
    assert (sent, len(sent_later)) == ([], 1)


@pytest.mark.parametrize(
    ("given", "is_traced"),
    [
        ({}, True),
        ({"environment": "production", "public_url": "https://tracker.example.org"}, False),
        ({"environment": "production", "public_url": "http://localhost:8000"}, False),
        ({"public_url": "https://tracker.example.org"}, False),
    ],
)
async def test_only_a_developers_own_server_can_tell(
    settings: Settings, given: dict[str, str], is_traced: bool
) -> None:
    async with open_app(settings.replaced(**given)) as app:
        assert (app.statement_trace is not None) is is_traced


async def test_without_a_trace_connections_are_the_plain_ones(database_url: str) -> None:
    async with open_engines(database_url, defaults.engine()) as opened:
        connection = await opened.read.acquire()
        opened.read.release(connection)
        assert type(connection) is ReadConnection
        assert not opened.write.sync_engine.dispatch.before_cursor_execute
        assert not opened.write.sync_engine.dispatch.after_cursor_execute
