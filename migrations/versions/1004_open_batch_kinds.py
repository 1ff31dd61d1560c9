"""open batch kinds"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "1004"
down_revision: str | None = "1003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_batch_run_kind_known"), "batch_run", type_="check")
    # In one transaction, so that no second run of an object can begin between. The table has the runs of a week.
    op.drop_index("uq_batch_run_subject", table_name="batch_run")
    op.create_index(
        "uq_batch_run_subject",
        "batch_run",
        ["workspace_id", "subject_id"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL AND subject_id <> workspace_id"),
    )


def downgrade() -> None:
    op.drop_index("uq_batch_run_subject", table_name="batch_run")
    op.create_index(
        "uq_batch_run_subject",
        "batch_run",
        ["workspace_id", "subject_id"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL AND kind NOT IN ('CHANGE_SET_UNDO', 'ISSUE_UPDATE')"),
    )
    op.create_check_constraint(
        op.f("ck_batch_run_kind_known"),
        "batch_run",
        "kind IN ('STATE_REPLACEMENT', 'MILESTONE_REPLACEMENT', 'LABEL_REPLACEMENT', 'MEMBER_CLAIM', "
        "'PROJECT_DELETION', 'ISSUE_UPDATE', 'CHANGE_SET_UNDO')",
    )
