"""Projects of invitations"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "invitation",
        sa.Column("project_ids", sa.ARRAY(sa.Text(collation="C")), nullable=False, server_default="{}"),
    )
    op.alter_column("invitation", "project_ids", server_default=None)


def downgrade() -> None:
    op.drop_column("invitation", "project_ids")
