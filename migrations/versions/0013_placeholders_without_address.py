"""placeholders without address"""

from collections.abc import Sequence

from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_account_placeholder_unaddressed"), "account", "NOT is_placeholder OR email IS NULL"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_account_placeholder_unaddressed"), "account", type_="check")
