"""Alembic runs this for every command; `infra.db.migrate` hands over the connection."""

import logging
import re
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.runtime.migration import MigrationInfo
from sqlalchemy import Connection, Enum, Index
from sqlalchemy.types import TypeDecorator

from infra.metadata import metadata

logger = logging.getLogger("workgraph.migrations")


class WorkgraphImpl(PostgresqlImpl):
    """Alembic's PostgreSQL implementation with our rules. The last declared implementation of a dialect wins."""

    __dialect__ = "postgresql"

    def _cleanup_index_expr(self, index: Index, expr: str) -> str:
        # Alembic compares texts; PostgreSQL prints CASE on several lines, with parentheses of its own.
        return super()._cleanup_index_expr(index, " ".join(re.sub(r"[()]", " ", expr).split()))


def render_item(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Column types as the database has them: a migration must not change when our own classes do."""
    if kind == "type" and isinstance(item, Enum) and not item.native_enum:
        return f"sa.String({item.length or ''})"
    if kind == "type" and isinstance(item, TypeDecorator):
        # Alembic's own rendering knows types within types; repr() gives sa.ARRAY(Text()), a file that does not run.
        return _repr_type(item.impl_instance, autogenerate)
    return False


def log_step(ctx: object, step: MigrationInfo, heads: object, run_args: object) -> None:
    direction = "Applied" if step.is_upgrade else "Took back"
    logger.info("%s migration %s.", direction, ", ".join(step.up_revision_ids))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        render_item=render_item,
        on_version_apply=log_step,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
