"""credentials of security events"""

from collections.abc import Sequence

from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.alter_column("security_event", "session_id", new_column_name="credential_id")


def downgrade() -> None:
    op.alter_column("security_event", "credential_id", new_column_name="session_id")
