"""milestones of imports"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECK = "ck_external_object_kind_known"


def upgrade() -> None:
    _allow("kind IN ('PROJECT', 'ASKED_PROJECT', 'STATE', 'LABEL', 'PERSON', 'MILESTONE')")


def downgrade() -> None:
    table = sa.table("external_object", sa.column("kind", sa.String()))
    op.execute(sa.delete(table).where(table.c.kind == "MILESTONE"))
    _allow("kind IN ('PROJECT', 'ASKED_PROJECT', 'STATE', 'LABEL', 'PERSON')")


def _allow(kinds: str) -> None:
    op.drop_constraint(op.f(CHECK), "external_object", type_="check")
    op.create_check_constraint(op.f(CHECK), "external_object", kinds)
