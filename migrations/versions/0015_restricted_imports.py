"""restricted imports"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = (
    "code IN ('UNREADABLE', 'MISSING', 'WRONG_TYPE', 'OUT_OF_RANGE', 'REPLACED', 'CUT', 'TOO_MANY',"
    " 'INCOMPLETE', 'DUPLICATE', 'NOT_KEPT')"
)
AFTER = (
    "code IN ('UNREADABLE', 'MISSING', 'WRONG_TYPE', 'OUT_OF_RANGE', 'REPLACED', 'CUT', 'TOO_MANY',"
    " 'RESTRICTED', 'UNUSED', 'INCOMPLETE', 'DUPLICATE', 'NOT_KEPT')"
)


def upgrade() -> None:
    _allow(AFTER)
    op.add_column(
        "import_run", sa.Column("include_restricted", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    for name in ("import_loss", "import_loss_kind"):
        table = sa.table(name, sa.column("code", sa.String()))
        op.execute(sa.delete(table).where(table.c.code.in_(["RESTRICTED", "UNUSED"])))
    _allow(BEFORE)
    op.drop_column("import_run", "include_restricted")


def _allow(codes: str) -> None:
    for table in ("import_loss", "import_loss_kind"):
        name = op.f(f"ck_{table}_code_known")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, codes)
