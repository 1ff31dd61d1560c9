"""Members of projects"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "project_member",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("member_id", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_project_member_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_member_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_project_member_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_member")),
        sa.UniqueConstraint("member_id", "project_id", name=op.f("uq_project_member_member_id_project_id")),
    )
    op.create_index(
        op.f("ix_project_member_project_id_created_at_id"),
        "project_member",
        ["project_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_project_member_workspace_id"), "project_member", ["workspace_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_project_member_workspace_id"), table_name="project_member")
    op.drop_index(op.f("ix_project_member_project_id_created_at_id"), table_name="project_member")
    op.drop_table("project_member")
