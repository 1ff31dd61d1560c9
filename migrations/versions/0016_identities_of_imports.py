"""identities of imports"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.Text(collation="C")

# Earlier imports belong to one unnamed site per tracker and workspace; the next import names the site.
_SITES = """
    INSERT INTO external_site (workspace_id, id, source, name, created_at)
    SELECT workspace_id, 'ste_0' || substr(md5(workspace_id || source), 1, 25), source, NULL, now()
    FROM (SELECT workspace_id, external_source AS source FROM issue WHERE external_source IS NOT NULL
          UNION SELECT workspace_id, source FROM external_person
          UNION SELECT workspace_id, lower(format) FROM import_run) AS imported
"""
_IMPORTED = """
    SELECT issue.workspace_id, issue.id AS issue_id, issue.project_id, site.id AS site_id, external_key AS key,
           regexp_replace(external_key, CASE source WHEN 'jira' THEN '-' ELSE '#' END || '[0-9]+$', '') AS project
    FROM issue JOIN external_site AS site ON site.workspace_id = issue.workspace_id AND site.source = external_source
"""
_PROJECTS = f"""
    INSERT INTO external_object (workspace_id, id, site_id, kind, scope, key, external_id, target_id)
    SELECT DISTINCT ON (workspace_id, site_id, project)
        workspace_id, 'ext_0' || substr(md5(site_id || project), 1, 25), site_id, 'PROJECT', '', project, NULL, project_id
    FROM ({_IMPORTED}) AS imported
    GROUP BY workspace_id, site_id, project, project_id
    ORDER BY workspace_id, site_id, project, count(*) DESC
"""  # noqa: S608  # a statement of this file
# For an issue imported into several projects, the next import continues with the oldest copy.
_ISSUES = f"""
    INSERT INTO external_issue (workspace_id, issue_id, site_id, key, external_id, source_id, project_id)
    SELECT DISTINCT ON (imported.workspace_id, imported.site_id, imported.key)
        imported.workspace_id, imported.issue_id, imported.site_id, imported.key, NULL, source.id,
        imported.project_id
    FROM ({_IMPORTED}) AS imported
    JOIN external_object AS source ON source.workspace_id = imported.workspace_id
        AND source.site_id = imported.site_id AND source.key = imported.project
    ORDER BY imported.workspace_id, imported.site_id, imported.key, imported.issue_id
"""  # noqa: S608  # a statement of this file
# The author, whose name may change, is no longer part of the key.
_COMMENTS = """
    UPDATE comment SET external_key = 'comment ' || numbered.moment || ' ' || numbered.ordinal
    FROM (SELECT id, moment, row_number() OVER (PARTITION BY issue_id, moment ORDER BY id) AS ordinal
          FROM (SELECT id, issue_id, (regexp_match(external_key, '^comment (.* )?([^ ]+) [0-9]+$'))[2] AS moment
                FROM comment WHERE external_key LIKE 'comment %') AS keyed
          WHERE moment IS NOT NULL) AS numbered
    WHERE numbered.id = comment.id
"""
_PEOPLE = """
    UPDATE external_person SET site_id = site.id FROM external_site AS site
    WHERE site.workspace_id = external_person.workspace_id AND site.source = external_person.source
"""
_PARENTS = """
    UPDATE import_parent SET site_id = site.id FROM import_run AS run, external_site AS site
    WHERE run.id = import_parent.run_id AND site.workspace_id = run.workspace_id AND site.source = lower(run.format)
"""
_SOURCES = """
    UPDATE external_person SET source = site.source FROM external_site AS site
    WHERE site.workspace_id = external_person.workspace_id AND site.id = external_person.site_id
"""


def upgrade() -> None:
    _create_tables()
    for name in ("project_id", "site", "site_id"):
        op.add_column("import_run", sa.Column(name, _KEY, nullable=True))
    op.add_column("import_parent", sa.Column("site_id", _KEY, nullable=True))
    op.add_column("import_parent", sa.Column("parent_id", sa.Text(), nullable=True))
    op.add_column("external_person", sa.Column("site_id", _KEY, nullable=True))
    for statement in (_SITES, _PROJECTS, _ISSUES, _COMMENTS, _PEOPLE, _PARENTS):
        op.execute(statement)
    op.alter_column("import_parent", "site_id", nullable=False)
    op.drop_constraint(op.f("uq_issue_project_id_external_source_external_key"), "issue", type_="unique")
    op.drop_constraint(op.f("fk_external_person_workspace_id"), "external_person", type_="foreignkey")
    op.drop_constraint(op.f("pk_external_person"), "external_person", type_="primary")
    op.drop_column("external_person", "source")
    op.create_primary_key(op.f("pk_external_person"), "external_person", ["workspace_id", "site_id", "key"])
    op.create_foreign_key(
        op.f("fk_external_person_workspace_id_site_id"),
        *("external_person", "external_site"),
        *(["workspace_id", "site_id"], ["workspace_id", "id"]),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    op.add_column("external_person", sa.Column("source", _KEY, nullable=True))
    op.execute(_SOURCES)
    op.drop_constraint(op.f("fk_external_person_workspace_id_site_id"), "external_person", type_="foreignkey")
    op.drop_constraint(op.f("pk_external_person"), "external_person", type_="primary")
    op.drop_column("external_person", "site_id")
    op.create_primary_key(op.f("pk_external_person"), "external_person", ["workspace_id", "source", "key"])
    op.create_foreign_key(
        op.f("fk_external_person_workspace_id"),
        *("external_person", "workspace"),
        *(["workspace_id"], ["id"]),
        ondelete="CASCADE",
    )
    op.create_unique_constraint(
        op.f("uq_issue_project_id_external_source_external_key"),
        *("issue", ["project_id", "external_source", "external_key"]),
    )
    for name in ("parent_id", "site_id"):
        op.drop_column("import_parent", name)
    for name in ("site_id", "site", "project_id"):
        op.drop_column("import_run", name)
    for name in ("external_issue", "external_object", "external_site"):
        op.drop_table(name)


def _create_tables() -> None:
    op.create_table(
        "external_site",
        sa.Column("workspace_id", _KEY, nullable=False),
        sa.Column("id", _KEY, nullable=False),
        sa.Column("source", _KEY, nullable=False),
        sa.Column("name", _KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_external_site_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_external_site")),
        sa.UniqueConstraint("workspace_id", "source", "name", name=op.f("uq_external_site_workspace_id_source_name")),
    )
    op.create_table(
        "external_object",
        sa.Column("workspace_id", _KEY, nullable=False),
        sa.Column("id", _KEY, nullable=False),
        sa.Column("site_id", _KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope", _KEY, nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("external_id", _KEY, nullable=True),
        sa.Column("target_id", _KEY, nullable=False),
        sa.CheckConstraint(
            "kind IN ('PROJECT', 'ASKED_PROJECT', 'STATE', 'LABEL')", name=op.f("ck_external_object_kind_known")
        ),
        _of_site("external_object"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_external_object")),
        sa.UniqueConstraint(
            *("workspace_id", "site_id", "kind", "scope", "external_id"),
            name=op.f("uq_external_object_workspace_id_site_id_kind_scope_external_id"),
        ),
        sa.UniqueConstraint(
            *("workspace_id", "site_id", "kind", "scope", "key", "external_id"),
            name=op.f("uq_external_object_workspace_id_site_id_kind_scope_key__7d4e"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "external_issue",
        sa.Column("workspace_id", _KEY, nullable=False),
        sa.Column("issue_id", _KEY, nullable=False),
        sa.Column("site_id", _KEY, nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("external_id", _KEY, nullable=True),
        sa.Column("source_id", _KEY, nullable=False),
        sa.Column("project_id", _KEY, nullable=False),
        _of_site("external_issue"),
        sa.PrimaryKeyConstraint("workspace_id", "issue_id", name=op.f("pk_external_issue")),
        sa.UniqueConstraint(
            *("workspace_id", "site_id", "external_id"), name=op.f("uq_external_issue_workspace_id_site_id_external_id")
        ),
        sa.UniqueConstraint(
            *("workspace_id", "site_id", "key", "external_id"),
            name=op.f("uq_external_issue_workspace_id_site_id_key_external_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )


def _of_site(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", "site_id"],
        ["external_site.workspace_id", "external_site.id"],
        name=op.f(f"fk_{table}_workspace_id_site_id"),
        ondelete="CASCADE",
    )
