"""ids of imported people"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BEFORE = "kind IN ('PROJECT', 'ASKED_PROJECT', 'STATE', 'LABEL')"
_AFTER = "kind IN ('PROJECT', 'ASKED_PROJECT', 'STATE', 'LABEL', 'PERSON')"
_TO_OBJECTS = """
    INSERT INTO external_object (workspace_id, id, site_id, kind, scope, key, external_id, target_id)
    SELECT workspace_id, 'ext_0' || substr(md5(site_id || ' person ' || key), 1, 25), site_id, 'PERSON', '', key, NULL,
           user_id
    FROM external_person
"""
# Several people can share a key and differ only by id: the first one keeps the key.
_FROM_OBJECTS = """
    INSERT INTO external_person (workspace_id, site_id, key, user_id)
    SELECT DISTINCT ON (workspace_id, site_id, key) workspace_id, site_id, key, target_id
    FROM external_object WHERE kind = 'PERSON' ORDER BY workspace_id, site_id, key, id
"""


def upgrade() -> None:
    _allow(_AFTER)
    op.execute(_TO_OBJECTS)
    op.drop_table("external_person")


def downgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "external_person",
        *(sa.Column(name, key, nullable=False) for name in ("workspace_id", "key", "user_id", "site_id")),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_external_person_user_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "site_id"],
            ["external_site.workspace_id", "external_site.id"],
            name=op.f("fk_external_person_workspace_id_site_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "site_id", "key", name=op.f("pk_external_person")),
    )
    op.create_index(op.f("ix_external_person_user_id"), "external_person", ["user_id"])
    op.execute(_FROM_OBJECTS)
    op.execute("DELETE FROM external_object WHERE kind = 'PERSON'")
    _allow(_BEFORE)


def _allow(kinds: str) -> None:
    name = op.f("ck_external_object_kind_known")
    op.drop_constraint(name, "external_object", type_="check")
    op.create_check_constraint(name, "external_object", kinds)
