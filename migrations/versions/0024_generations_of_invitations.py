"""generations of invitations"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.alter_column("invitation", "issue", new_column_name="generation")
    _rename_in_jobs("issue", "generation")


def downgrade() -> None:
    op.alter_column("invitation", "generation", new_column_name="issue")
    _rename_in_jobs("generation", "issue")


def _rename_in_jobs(old: str, new: str) -> None:
    """Renames the member in the payloads of mails that have not been sent."""
    renamed = "UPDATE job SET payload = payload - :old || jsonb_build_object(CAST(:new AS text), payload -> :old)"
    op.execute(
        sa.text(f"{renamed} WHERE kind = 'workspaces.send_invitation' AND payload ? :old").bindparams(old=old, new=new)
    )
