"""Import progress in bytes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("import_run", sa.Column("file_size", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("import_run", sa.Column("bytes_read", sa.BigInteger(), server_default="0", nullable=False))
    for column in ("file_size", "bytes_read"):
        op.alter_column("import_run", column, server_default=None)


def downgrade() -> None:
    op.drop_column("import_run", "bytes_read")
    op.drop_column("import_run", "file_size")
