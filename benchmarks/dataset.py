"""The data that all servers read: seeded once per size, and kept from run to run."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.failures import BenchmarkError
from domain.app import App
from domain.comments.commands import CommentDraft
from domain.seed.commands import SeedOrder
from domain.shared.actor import Actor, Cause, Role
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG
from domain.shared.jobs import Progress
from infra.bootstrap import open_app
from infra.db import migrate
from infra.dev.embedded import EmbeddedServers
from infra.dev.servers import with_own_secret
from infra.settings import Settings, load_settings

PUBLIC_URL = "http://localhost:8000"  # names the issuer of tokens; nobody connects to it
TOKEN_MINUTES = 15
MANY_COMMENTS = 120
MUTATED_ISSUES = 500

_SETTINGS = (
    # Every server gets the same: lists are short and statements many, so machine code costs more than it saves.
    "ALTER DATABASE workgraph SET jit = off",
    "ALTER DATABASE workgraph SET timezone = 'UTC'",
    # PostGraphile shows it as a field of issues.
    """CREATE OR REPLACE FUNCTION issue_identifier(i issue) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT p.key || '-' || i.number FROM project p WHERE p.workspace_id = i.workspace_id AND p.id = i.project_id
    $$""",
)
_COUNT = "SELECT count(*) FROM issue i JOIN workspace w ON w.id = i.workspace_id WHERE w.slug = $1"
_BUSIEST = """SELECT i.id, issue_identifier(i) AS identifier, i.workspace_id, count(c.id) AS comments
    FROM issue i JOIN comment c ON c.workspace_id = i.workspace_id AND c.issue_id = i.id
    GROUP BY i.workspace_id, i.id ORDER BY count(c.id) DESC, i.id LIMIT 1"""
_MEMBERS = "SELECT user_id FROM member WHERE workspace_id = $1 AND role <> 'GUEST' ORDER BY id"
_LABEL = """SELECT l.name FROM label l JOIN issue_label x ON x.workspace_id = l.workspace_id AND x.label_id = l.id
    GROUP BY l.workspace_id, l.id ORDER BY count(*) DESC, l.id LIMIT 1"""
_OLDEST = """SELECT i.id FROM issue i JOIN state s ON s.workspace_id = i.workspace_id AND s.id = i.state_id
    WHERE s.category = 'COMPLETED' ORDER BY i.created_at, i.id LIMIT $1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Seeded data. `identifier` names an issue with at least 100 comments; `mutated` are issues that no list shows."""

    settings: Settings
    issues: int
    comments: int
    slug: str
    identifier: str
    label: str
    mutated: tuple[str, ...]

    @property
    def url(self) -> str:
        return self.settings.database_url.get_secret_value()

    @property
    def driver_url(self) -> str:
        return self.url.replace("postgresql+asyncpg:", "postgresql:", 1)

    @property
    def socket_dir(self) -> str:
        """Directory of PostgreSQL's socket."""
        return self.url.partition("?host=")[2].replace("%2F", "/")


@contextmanager
def open_dataset(folder: Path, *, size: int) -> Iterator[Dataset]:
    """PostgreSQL and Valkey with a seeded workspace; on the main thread only."""
    place = folder / str(size)
    with EmbeddedServers(place, durable=True) as servers:
        settings = with_own_secret(
            load_settings(
                environment="production",
                data_dir=place,
                database_url=servers.database_url,
                redis_url=servers.redis_url,
                secret_key="",
                smtp_url="",
                public_url=PUBLIC_URL,
                access_token_minutes=TOKEN_MINUTES,
            )
        )
        yield asyncio.run(_prepared(settings, size))


async def _prepared(settings: Settings, size: int) -> Dataset:
    url = settings.database_url.get_secret_value()
    await migrate.upgrade(url)
    order = SeedOrder(size=size, owner_password=DEMO_PASSWORD)
    async with open_app(settings) as app:
        outcome = await app.seed.seed(Actor.system(cause=Cause.SEED), order, on_progress=_tell)
        await app.auth.prepare(Actor.system())
        connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
        try:
            for statement in _SETTINGS:
                await connection.execute(statement)
            if await connection.fetchval(_COUNT, DEMO_SLUG) != size:
                raise BenchmarkError(f"Seeding was broken off. Delete {settings.data_dir} and start again.")
            added = await _fill_busiest(app, connection)
            if outcome.is_new or added:
                await connection.execute("VACUUM ANALYZE")
            return await _described(settings, connection)
        finally:
            await connection.close()


async def _fill_busiest(app: App, connection: Any) -> int:
    """Adds comments beyond the seed's 80 to the busiest issue, by the same authors each time; returns their number."""
    busiest = await connection.fetchrow(_BUSIEST)
    authors = [row["user_id"] for row in await connection.fetch(_MEMBERS, busiest["workspace_id"])]
    missing = range(busiest["comments"], MANY_COMMENTS)
    for number in missing:
        author = Actor(user_id=authors[number % len(authors)], roles={busiest["workspace_id"]: Role.MEMBER})
        body = f"Comment {number} of a long conversation, about as long as people's comments are. " * (1 + number % 3)
        await app.comments.create(author, CommentDraft(issue_id=busiest["id"], body=body))
    return len(missing)


async def _described(settings: Settings, connection: Any) -> Dataset:
    return Dataset(
        settings=settings,
        issues=await connection.fetchval(_COUNT, DEMO_SLUG),
        comments=await connection.fetchval("SELECT count(*) FROM comment"),
        slug=DEMO_SLUG,
        identifier=(await connection.fetchrow(_BUSIEST))["identifier"],
        label=await connection.fetchval(_LABEL),
        mutated=tuple(row["id"] for row in await connection.fetch(_OLDEST, MUTATED_ISSUES)),
    )


def sign_in(dataset: Dataset) -> str:
    """A new access token of the demo user, as `/auth/token` issues it."""

    async def issue() -> str:
        async with open_app(dataset.settings) as app:
            tokens = await app.auth.sign_in(Actor(), DEMO_EMAIL, DEMO_PASSWORD, client_id="benchmark")
            return tokens.access_token

    return asyncio.run(issue())


def published_keys(dataset: Dataset) -> list[dict[str, str]]:
    """The public keys that the tokens are verified with, as JWKs."""

    async def read() -> list[dict[str, str]]:
        async with open_app(dataset.settings) as app:
            return [dict(key) for key in await app.auth.published_keys(Actor())]

    return asyncio.run(read())


def _tell(progress: Progress) -> None:
    if progress.done % 5_000 == 0 or progress.done == progress.total:
        print(f"seeded {progress.done} of {progress.total} issues", file=sys.stderr, flush=True)
