"""Milestones"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "milestone",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_milestone_project_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_milestone_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("project_id", "id", name=op.f("uq_milestone_project_id_id")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_milestone_project_id_name")),
    )
    op.create_index(
        op.f("ix_milestone_project_id_created_at_id"), "milestone", ["project_id", "created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_milestone_project_id_due_date_id"), "milestone", ["project_id", "due_date", "id"], unique=False
    )
    op.add_column("issue", sa.Column("milestone_id", sa.Text(collation="C"), nullable=True))
    op.create_index(
        op.f("ix_issue_milestone_id_created_at_id"), "issue", ["milestone_id", "created_at", "id"], unique=False
    )
    op.create_foreign_key(
        op.f("fk_issue_project_id_milestone_id"),
        "issue",
        "milestone",
        ["project_id", "milestone_id"],
        ["project_id", "id"],
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_issue_project_id_milestone_id"), "issue", type_="foreignkey")
    op.drop_index(op.f("ix_issue_milestone_id_created_at_id"), table_name="issue")
    op.drop_column("issue", "milestone_id")
    op.drop_index(op.f("ix_milestone_project_id_due_date_id"), table_name="milestone")
    op.drop_index(op.f("ix_milestone_project_id_created_at_id"), table_name="milestone")
    op.drop_table("milestone")
