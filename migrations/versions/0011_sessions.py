"""Device and last use of sessions, and why they ended"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECK = "ck_session_end_reason_known"


def upgrade() -> None:
    op.add_column("session", sa.Column("device", sa.Text(), server_default="", nullable=False))
    op.alter_column("session", "device", server_default=None)
    op.add_column("session", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    # The last refresh token of a session was made when the one before it was spent.
    op.execute(
        """
        UPDATE session SET last_used_at = greatest(session.created_at, coalesce(
            (SELECT max(used_at) FROM refresh_token WHERE session_id = session.id), session.created_at))
        """
    )
    op.alter_column("session", "last_used_at", nullable=False)
    op.drop_constraint(op.f(CHECK), "session", type_="check")
    op.create_check_constraint(
        op.f(CHECK), "session", "end_reason IN ('SIGNED_OUT', 'ENDED', 'PASSWORD_CHANGED', 'DEACTIVATED', 'REUSED')"
    )
    op.drop_index(op.f("ix_session_user_id"), table_name="session")
    op.create_index(op.f("ix_session_user_id_created_at_id"), "session", ["user_id", "created_at", "id"])
    op.drop_index(op.f("ix_security_event_user_id_id"), table_name="security_event")
    op.create_index(
        op.f("ix_security_event_user_id_occurred_at_id"), "security_event", ["user_id", "occurred_at", "id"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_security_event_user_id_occurred_at_id"), table_name="security_event")
    op.create_index(op.f("ix_security_event_user_id_id"), "security_event", ["user_id", "id"])
    op.drop_index(op.f("ix_session_user_id_created_at_id"), table_name="session")
    op.create_index(op.f("ix_session_user_id"), "session", ["user_id"])
    op.drop_constraint(op.f(CHECK), "session", type_="check")
    op.execute("UPDATE session SET end_reason = 'SIGNED_OUT' WHERE end_reason NOT IN ('SIGNED_OUT', 'REUSED')")
    op.create_check_constraint(op.f(CHECK), "session", "end_reason IN ('SIGNED_OUT', 'REUSED')")
    op.drop_column("session", "last_used_at")
    op.drop_column("session", "device")
