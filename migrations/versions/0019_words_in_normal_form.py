"""words in normal form"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NORMAL = (
    "CASE WHEN char_length(description) = octet_length(description) OR description IS NFC NORMALIZED "
    "THEN description ELSE normalize(description, NFC) END"
)


def upgrade() -> None:
    _index(_NORMAL)


def downgrade() -> None:
    _index("description")


def _index(description: str) -> None:
    op.drop_index("ix_issue_words", table_name="issue", postgresql_using="gin")
    words = f"to_tsvector('simple'::regconfig, (title || ' ') || {description})"
    op.create_index("ix_issue_words", "issue", [sa.literal_column(words)], unique=False, postgresql_using="gin")
