"""deleted accounts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("account", sa.Column("is_deleted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_check_constraint(op.f("ck_account_deleted_unaddressed"), "account", "NOT is_deleted OR email IS NULL")
    op.create_index(op.f("ix_security_event_actor_id"), "security_event", ["actor_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_security_event_actor_id"), table_name="security_event")
    op.drop_constraint(op.f("ck_account_deleted_unaddressed"), "account", type_="check")
    op.drop_column("account", "is_deleted")
