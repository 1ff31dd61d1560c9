from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from domain.issues.queries import IssueFilter
from infra.issues.filters import ISSUE_FILTERS
from infra.issues.tables import IssueRow


async def test_words_are_searched_for_by_their_index(database_url: str):
    statement = select(IssueRow.id).where(ISSUE_FILTERS.where(IssueFilter(text="retry")))
    sql = str(statement.compile(dialect=asyncpg.dialect(), compile_kwargs={"literal_binds": True}))
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = (await connection.exec_driver_sql(f"EXPLAIN {sql}")).scalars().all()
    await engine.dispose()
    assert any("ix_issue_words" in line for line in plan), plan
