"""Leases lost without progress"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("job", sa.Column("lost_leases", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("job", "lost_leases", server_default=None)


def downgrade() -> None:
    op.drop_column("job", "lost_leases")
