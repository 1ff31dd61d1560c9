"""Index words, and what a workspace has few of"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_issue_words",
        "issue",
        [sa.literal_column("to_tsvector('simple'::regconfig, (title || ' ') || description)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(op.f("ix_milestone_workspace_id"), "milestone", ["workspace_id"], unique=False)
    op.create_index(op.f("ix_state_workspace_id"), "state", ["workspace_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_state_workspace_id"), table_name="state")
    op.drop_index(op.f("ix_milestone_workspace_id"), table_name="milestone")
    op.drop_index("ix_issue_words", table_name="issue", postgresql_using="gin")
