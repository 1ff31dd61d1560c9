"""baseline"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "1001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("own_initials", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("is_placeholder", sa.Boolean(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("NOT is_deleted OR email IS NULL", name=op.f("ck_account_deleted_unaddressed")),
        sa.CheckConstraint("NOT is_placeholder OR email IS NULL", name=op.f("ck_account_placeholder_unaddressed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
    )
    op.create_table(
        "event",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("change_set", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(collation="C"), nullable=False),
        sa.Column("parent_id", sa.Text(collation="C"), nullable=True),
        sa.Column("project_id", sa.Text(collation="C"), nullable=True),
        sa.Column("actor_id", sa.Text(collation="C"), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("text_length", sa.Integer(), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cause IN ('USER', 'IMPORT', 'SEED', 'SYSTEM', 'UNDO')", name=op.f("ck_event_cause_known")),
        sa.PrimaryKeyConstraint("workspace_id", "revision", name=op.f("pk_event")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        "ix_event_tombstones",
        "event",
        ["occurred_at"],
        unique=False,
        postgresql_where=sa.text("changes ? 'deleted_at' AND changes ? 'body'"),
    )
    op.create_index(
        op.f("ix_event_workspace_id_change_set_revision"),
        "event",
        ["workspace_id", "change_set", "revision"],
        unique=False,
        postgresql_where=sa.text("change_set < revision"),
    )
    op.create_index(
        op.f("ix_event_workspace_id_parent_id_revision"),
        "event",
        ["workspace_id", "parent_id", "revision"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_event_workspace_id_subject_id_revision"),
        "event",
        ["workspace_id", "subject_id", "revision"],
        unique=False,
    )
    op.create_table(
        "event_text",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(collation="C"), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "revision", "field", "side", name=op.f("pk_event_text")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(collation="C"), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lost_leases", sa.Integer(), nullable=False),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("progress_done", sa.Integer(), nullable=False),
        sa.Column("progress_total", sa.Integer(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('WAITING', 'RUNNING', 'DONE', 'PARKED')", name=op.f("ck_job_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_done", "job", ["updated_at"], unique=False, postgresql_where=sa.text("state = 'DONE'"))
    op.create_index(
        "ix_job_due", "job", ["run_at"], unique=False, postgresql_where=sa.text("state IN ('WAITING', 'RUNNING')")
    )
    op.create_index("ix_job_parked", "job", ["updated_at"], unique=False, postgresql_where=sa.text("state = 'PARKED'"))
    op.create_index(
        "uq_job_dedupe_key", "job", ["dedupe_key"], unique=True, postgresql_where=sa.text("state = 'WAITING'")
    )
    op.create_table(
        "list_size",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("parent_id", sa.Text(collation="C"), nullable=False),
        sa.Column("lifecycle", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "parent_id", "lifecycle", name=op.f("pk_list_size")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "one_time_link",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(collation="C"), nullable=False),
        sa.Column("waiting", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('REGISTER', 'CHANGE_EMAIL', 'RESET_PASSWORD')", name=op.f("ck_one_time_link_purpose_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("digest", name=op.f("uq_one_time_link_digest")),
    )
    op.create_index(op.f("ix_one_time_link_expires_at"), "one_time_link", ["expires_at"], unique=False)
    op.create_index(op.f("ix_one_time_link_purpose_subject"), "one_time_link", ["purpose", "subject"], unique=True)
    op.create_table(
        "schedule",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedule")),
    )
    op.create_table(
        "security_event",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Text(collation="C"), nullable=True),
        sa.Column("actor_id", sa.Text(collation="C"), nullable=True),
        sa.Column("credential_id", sa.Text(collation="C"), nullable=True),
        sa.Column("subject_id", sa.Text(collation="C"), nullable=True),
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=True),
        sa.Column("address", sa.Text(collation="C"), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_event")),
    )
    op.create_index(op.f("ix_security_event_actor_id"), "security_event", ["actor_id"], unique=False)
    op.create_index(op.f("ix_security_event_occurred_at"), "security_event", ["occurred_at"], unique=False)
    op.create_index(
        op.f("ix_security_event_user_id_occurred_at_id"),
        "security_event",
        ["user_id", "occurred_at", "id"],
        unique=False,
    )
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sealed_private_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "trusted_document",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_document")),
    )
    op.create_table(
        "workspace",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("slug", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "route",
            sa.Integer(),
            sa.Computed("get_byte(sha256(id::bytea), 30) << 8 | get_byte(sha256(id::bytea), 31)", persisted=True),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("slug", name=op.f("uq_workspace_slug")),
    )
    op.create_index(op.f("ix_workspace_route"), "workspace", ["route"], unique=False)
    op.create_table(
        "workspace_revision",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("first_revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_workspace_revision")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("user_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(collation="C"), nullable=False),
        sa.Column("hint", sa.Text(collation="C"), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("workspace_ids", sa.ARRAY(sa.Text(collation="C")), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_api_key_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    op.create_index(
        op.f("ix_api_key_expires_at"),
        "api_key",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_api_key_revoked_at"),
        "api_key",
        ["revoked_at"],
        unique=False,
        postgresql_where=sa.text("revoked_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_api_key_user_id"), "api_key", ["user_id"], unique=False)
    op.create_table(
        "batch_run",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Text(collation="C"), nullable=False),
        sa.Column("target_id", sa.Text(collation="C"), nullable=True),
        sa.Column("job_id", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("changed_count", sa.Integer(), nullable=False),
        sa.Column("skipped_count", sa.Integer(), nullable=False),
        sa.Column("options", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("change_set", sa.BigInteger(), nullable=False),
        sa.Column("started_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('STATE_REPLACEMENT', 'MILESTONE_REPLACEMENT', 'LABEL_REPLACEMENT', 'MEMBER_CLAIM', 'PROJECT_DELETION', 'ISSUE_UPDATE', 'CHANGE_SET_UNDO')",
            name=op.f("ck_batch_run_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('WAITING', 'RUNNING', 'DONE', 'FAILED', 'CANCELED')", name=op.f("ck_batch_run_state_known")
        ),
        sa.ForeignKeyConstraint(["started_by_id"], ["account.id"], name=op.f("fk_batch_run_started_by_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_batch_run_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_batch_run")),
    )
    op.create_index(op.f("ix_batch_run_finished_at"), "batch_run", ["finished_at"], unique=False)
    op.create_index(op.f("ix_batch_run_started_by_id"), "batch_run", ["started_by_id"], unique=False)
    op.create_index(
        op.f("ix_batch_run_workspace_id_created_at_id"), "batch_run", ["workspace_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_batch_run_subject",
        "batch_run",
        ["workspace_id", "subject_id"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL AND kind NOT IN ('CHANGE_SET_UNDO', 'ISSUE_UPDATE')"),
    )
    op.create_table(
        "deleted_object",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_deleted_object_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_deleted_object")),
    )
    op.create_table(
        "external_site",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_external_site_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_external_site")),
        sa.UniqueConstraint("workspace_id", "source", "name", name=op.f("uq_external_site_workspace_id_source_name")),
    )
    op.create_table(
        "import_run",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("project_key", sa.Text(collation="C"), nullable=True),
        sa.Column("include_restricted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=True),
        sa.Column("site", sa.Text(collation="C"), nullable=True),
        sa.Column("site_id", sa.Text(collation="C"), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_digest", sa.Text(collation="C"), nullable=False),
        sa.Column("upload_id", sa.Text(collation="C"), nullable=False),
        sa.Column("job_id", sa.Text(collation="C"), nullable=False),
        sa.Column("change_set", sa.BigInteger(), nullable=False),
        sa.Column("started_by_id", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), nullable=False),
        sa.Column("issues_read", sa.Integer(), nullable=False),
        sa.Column("issues_created", sa.Integer(), nullable=False),
        sa.Column("issues_changed", sa.Integer(), nullable=False),
        sa.Column("issues_unchanged", sa.Integer(), nullable=False),
        sa.Column("comments_read", sa.Integer(), nullable=False),
        sa.Column("comments_created", sa.Integer(), nullable=False),
        sa.Column("comments_changed", sa.Integer(), nullable=False),
        sa.Column("comments_unchanged", sa.Integer(), nullable=False),
        sa.Column("people_created", sa.Integer(), nullable=False),
        sa.Column("labels_created", sa.Integer(), nullable=False),
        sa.Column("loss_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("format IN ('JIRA', 'GITHUB')", name=op.f("ck_import_run_format_known")),
        sa.CheckConstraint("state IN ('WAITING', 'RUNNING', 'DONE', 'FAILED')", name=op.f("ck_import_run_state_known")),
        sa.ForeignKeyConstraint(["started_by_id"], ["account.id"], name=op.f("fk_import_run_started_by_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_import_run_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_import_run")),
    )
    op.create_index(op.f("ix_import_run_started_by_id"), "import_run", ["started_by_id"], unique=False)
    op.create_index(
        op.f("ix_import_run_workspace_id_created_at_id"),
        "import_run",
        ["workspace_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "invitation",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(collation="C"), nullable=False),
        sa.Column("project_ids", sa.ARRAY(sa.Text(collation="C"), as_tuple=True), nullable=False),
        sa.Column("created_by_id", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('OWNER', 'ADMIN', 'MEMBER', 'GUEST')", name=op.f("ck_invitation_role_known")),
        sa.ForeignKeyConstraint(["accepted_by_id"], ["account.id"], name=op.f("fk_invitation_accepted_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name=op.f("fk_invitation_created_by_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_invitation_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("workspace_id", "email", name=op.f("uq_invitation_workspace_id_email")),
    )
    op.create_index(
        op.f("ix_invitation_accepted_at"),
        "invitation",
        ["accepted_at"],
        unique=False,
        postgresql_where=sa.text("accepted_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_invitation_accepted_by_id"), "invitation", ["accepted_by_id"], unique=False)
    op.create_index(op.f("ix_invitation_created_by_id"), "invitation", ["created_by_id"], unique=False)
    op.create_index(op.f("ix_invitation_digest"), "invitation", ["digest"], unique=False)
    op.create_index(op.f("ix_invitation_expires_at"), "invitation", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_invitation_revoked_at"),
        "invitation",
        ["revoked_at"],
        unique=False,
        postgresql_where=sa.text("revoked_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_invitation_workspace_id_created_at_id"),
        "invitation",
        ["workspace_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "label",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("color", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("deleting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "deleting_since IS NOT NULL OR replaced_by_id IS NULL", name=op.f("ck_label_replaced_while_deleted")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "replaced_by_id"],
            ["label.workspace_id", "label.id"],
            name=op.f("fk_label_workspace_id_replaced_by_id"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_label_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_label")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_label_workspace_id_name")),
    )
    op.create_index(
        op.f("ix_label_workspace_id_replaced_by_id"),
        "label",
        ["workspace_id", "replaced_by_id"],
        unique=False,
        postgresql_where=sa.text("replaced_by_id IS NOT NULL"),
    )
    op.create_table(
        "member",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("user_id", sa.Text(collation="C"), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "route",
            sa.Integer(),
            sa.Computed(
                "get_byte(sha256(workspace_id::bytea), 30) << 8 | get_byte(sha256(workspace_id::bytea), 31)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("role IN ('OWNER', 'ADMIN', 'MEMBER', 'GUEST')", name=op.f("ck_member_role_known")),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_member_user_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_member_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_member")),
        sa.UniqueConstraint("workspace_id", "user_id", name=op.f("uq_member_workspace_id_user_id")),
    )
    op.create_index(op.f("ix_member_user_id_route"), "member", ["user_id", "route"], unique=False)
    op.create_table(
        "password",
        sa.Column("user_id", sa.Text(collation="C"), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_password_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_password")),
    )
    op.create_table(
        "project",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_project_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_project")),
        sa.UniqueConstraint("workspace_id", "key", name=op.f("uq_project_workspace_id_key")),
    )
    op.create_table(
        "seed_run",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("change_set", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("postponed", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_seed_run_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_seed_run")),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("user_id", sa.Text(collation="C"), nullable=False),
        sa.Column("client_id", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token_family", sa.Text(collation="C"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "end_reason IN ('SIGNED_OUT', 'ENDED', 'PASSWORD_CHANGED', 'DEACTIVATED', 'REUSED')",
            name=op.f("ck_session_end_reason_known"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_family", name=op.f("uq_session_token_family")),
    )
    op.create_index(
        op.f("ix_session_ended_at"),
        "session",
        ["ended_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"], unique=False)
    op.create_index(op.f("ix_session_user_id_created_at_id"), "session", ["user_id", "created_at", "id"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("owner_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_upload_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_owner_id_created_at"), "upload", ["owner_id", "created_at"], unique=False)
    op.create_table(
        "batch_rows",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ids", sa.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["batch_run.workspace_id", "batch_run.id"],
            name=op.f("fk_batch_rows_workspace_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "run_id", "position", name=op.f("pk_batch_rows")),
    )
    op.create_table(
        "batch_skip",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Text(collation="C"), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["batch_run.workspace_id", "batch_run.id"],
            name=op.f("fk_batch_skip_workspace_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "run_id", "index", name=op.f("pk_batch_skip")),
    )
    op.create_table(
        "external_issue",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("issue_id", sa.Text(collation="C"), nullable=False),
        sa.Column("site_id", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "site_id"],
            ["external_site.workspace_id", "external_site.id"],
            name=op.f("fk_external_issue_workspace_id_site_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "issue_id", name=op.f("pk_external_issue")),
        sa.UniqueConstraint(
            "workspace_id", "site_id", "external_id", name=op.f("uq_external_issue_workspace_id_site_id_external_id")
        ),
        sa.UniqueConstraint(
            "workspace_id",
            "site_id",
            "key",
            "external_id",
            name=op.f("uq_external_issue_workspace_id_site_id_key_external_id"),
            postgresql_nulls_not_distinct=True,
        ),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_table(
        "external_object",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("site_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("external_id", sa.Text(collation="C"), nullable=True),
        sa.Column("target_id", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('PROJECT', 'ASKED_PROJECT', 'STATE', 'LABEL', 'PERSON', 'MILESTONE')",
            name=op.f("ck_external_object_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "site_id"],
            ["external_site.workspace_id", "external_site.id"],
            name=op.f("fk_external_object_workspace_id_site_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_external_object")),
        sa.UniqueConstraint(
            "workspace_id",
            "site_id",
            "kind",
            "scope",
            "external_id",
            name=op.f("uq_external_object_workspace_id_site_id_kind_scope_external_id"),
        ),
        sa.UniqueConstraint(
            "workspace_id",
            "site_id",
            "kind",
            "scope",
            "key",
            "external_id",
            name=op.f("uq_external_object_workspace_id_site_id_kind_scope_key_external_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "import_loss",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "code IN ('UNREADABLE', 'MISSING', 'WRONG_TYPE', 'OUT_OF_RANGE', 'REPLACED', 'CUT', 'TOO_MANY', 'RESTRICTED', 'UNUSED', 'INCOMPLETE', 'DUPLICATE', 'NOT_KEPT')",
            name=op.f("ck_import_loss_code_known"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["import_run.workspace_id", "import_run.id"],
            name=op.f("fk_import_loss_workspace_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_import_loss")),
    )
    op.create_index(
        op.f("ix_import_loss_workspace_id_run_id_line_id"),
        "import_loss",
        ["workspace_id", "run_id", "line", "id"],
        unique=False,
    )
    op.create_table(
        "import_loss_kind",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        sa.Column("first_reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "code IN ('UNREADABLE', 'MISSING', 'WRONG_TYPE', 'OUT_OF_RANGE', 'REPLACED', 'CUT', 'TOO_MANY', 'RESTRICTED', 'UNUSED', 'INCOMPLETE', 'DUPLICATE', 'NOT_KEPT')",
            name=op.f("ck_import_loss_kind_code_known"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["import_run.workspace_id", "import_run.id"],
            name=op.f("fk_import_loss_kind_workspace_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "run_id", "field", "code", name=op.f("pk_import_loss_kind")),
    )
    op.create_table(
        "import_mapping",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("target", sa.Text(collation="C"), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["import_run.workspace_id", "import_run.id"],
            name=op.f("fk_import_mapping_workspace_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint(
            "workspace_id",
            "run_id",
            "kind",
            "source",
            "target",
            name=op.f("uq_import_mapping_workspace_id_run_id_kind_source_target"),
        ),
    )
    op.create_table(
        "milestone",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("deleting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "deleting_since IS NOT NULL OR replaced_by_id IS NULL", name=op.f("ck_milestone_replaced_while_deleted")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["project.workspace_id", "project.id"],
            name=op.f("fk_milestone_workspace_id_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "replaced_by_id"],
            ["milestone.workspace_id", "milestone.id"],
            name=op.f("fk_milestone_workspace_id_replaced_by_id"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_milestone_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("workspace_id", "project_id", "id", name=op.f("uq_milestone_workspace_id_project_id_id")),
        sa.UniqueConstraint(
            "workspace_id", "project_id", "name", name=op.f("uq_milestone_workspace_id_project_id_name")
        ),
    )
    op.create_index(
        op.f("ix_milestone_workspace_id_project_id_created_at_id"),
        "milestone",
        ["workspace_id", "project_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_milestone_workspace_id_project_id_due_date_id"),
        "milestone",
        ["workspace_id", "project_id", "due_date", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_milestone_workspace_id_replaced_by_id"),
        "milestone",
        ["workspace_id", "replaced_by_id"],
        unique=False,
        postgresql_where=sa.text("replaced_by_id IS NOT NULL"),
    )
    op.create_table(
        "project_key",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["project.workspace_id", "project.id"],
            name=op.f("fk_project_key_workspace_id_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "key", name=op.f("pk_project_key")),
    )
    op.create_index(
        op.f("ix_project_key_workspace_id_project_id"), "project_key", ["workspace_id", "project_id"], unique=False
    )
    op.create_table(
        "project_member",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("member_id", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "member_id"],
            ["member.workspace_id", "member.id"],
            name=op.f("fk_project_member_workspace_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["project.workspace_id", "project.id"],
            name=op.f("fk_project_member_workspace_id_project_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_project_member_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_project_member")),
        sa.UniqueConstraint(
            "workspace_id", "member_id", "project_id", name=op.f("uq_project_member_workspace_id_member_id_project_id")
        ),
    )
    op.create_index(
        op.f("ix_project_member_workspace_id_project_id_created_at_id"),
        "project_member",
        ["workspace_id", "project_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "project_number",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["project.workspace_id", "project.id"],
            name=op.f("fk_project_number_workspace_id_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "project_id", name=op.f("pk_project_number")),
    )
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.Text(collation="C"), nullable=False),
        sa.Column("session_id", sa.Text(collation="C"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_refresh_token_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_refresh_token")),
    )
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False)
    op.create_table(
        "state",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("color", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("deleting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "category IN ('BACKLOG', 'UNSTARTED', 'STARTED', 'COMPLETED', 'CANCELED')",
            name=op.f("ck_state_category_known"),
        ),
        sa.CheckConstraint(
            "deleting_since IS NOT NULL OR replaced_by_id IS NULL", name=op.f("ck_state_replaced_while_deleted")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_state_position_natural")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["project.workspace_id", "project.id"],
            name=op.f("fk_state_workspace_id_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "replaced_by_id"],
            ["state.workspace_id", "state.id"],
            name=op.f("fk_state_workspace_id_replaced_by_id"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_state_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_state")),
        sa.UniqueConstraint("workspace_id", "project_id", "id", name=op.f("uq_state_workspace_id_project_id_id")),
        sa.UniqueConstraint("workspace_id", "project_id", "name", name=op.f("uq_state_workspace_id_project_id_name")),
    )
    op.create_index(
        op.f("ix_state_workspace_id_replaced_by_id"),
        "state",
        ["workspace_id", "replaced_by_id"],
        unique=False,
        postgresql_where=sa.text("replaced_by_id IS NOT NULL"),
    )
    op.create_table(
        "issue",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("state_id", sa.Text(collation="C"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("creator_id", sa.Text(collation="C"), nullable=False),
        sa.Column("milestone_id", sa.Text(collation="C"), nullable=True),
        sa.Column("parent_id", sa.Text(collation="C"), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("estimate", sa.Integer(), nullable=True),
        sa.Column("external_source", sa.Text(), nullable=True),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("comment_count", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "lifecycle",
            sa.SmallInteger(),
            sa.Computed(
                "CASE WHEN trashed_at IS NOT NULL THEN 2 WHEN archived_at IS NOT NULL THEN 1 ELSE 0 END", persisted=True
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(external_source IS NULL) = (external_key IS NULL)", name=op.f("ck_issue_external_whole")),
        sa.CheckConstraint("number > 0", name=op.f("ck_issue_number_positive")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_issue_parent_other")),
        sa.ForeignKeyConstraint(["creator_id"], ["account.id"], name=op.f("fk_issue_creator_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "parent_id"],
            ["issue.workspace_id", "issue.id"],
            name=op.f("fk_issue_workspace_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id", "milestone_id"],
            ["milestone.workspace_id", "milestone.project_id", "milestone.id"],
            name=op.f("fk_issue_workspace_id_project_id_milestone_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id", "state_id"],
            ["state.workspace_id", "state.project_id", "state.id"],
            name=op.f("fk_issue_workspace_id_project_id_state_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["project.workspace_id", "project.id"],
            name=op.f("fk_issue_workspace_id_project_id"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_issue_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_issue")),
        sa.UniqueConstraint(
            "workspace_id", "project_id", "number", name=op.f("uq_issue_workspace_id_project_id_number")
        ),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        op.f("ix_issue_creator_id_workspace_id_project_id"),
        "issue",
        ["creator_id", "workspace_id", "project_id"],
        unique=False,
    )
    op.create_index(
        "ix_issue_milestone_created_at",
        "issue",
        ["workspace_id", "milestone_id", "lifecycle", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("milestone_id IS NOT NULL"),
        postgresql_include=["updated_at", "priority", "number", "due_date"],
    )
    op.create_index(
        "ix_issue_parent_created_at",
        "issue",
        ["workspace_id", "parent_id", "lifecycle", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
        postgresql_include=["updated_at", "priority", "number", "due_date"],
    )
    op.create_index(
        "ix_issue_project_created_at",
        "issue",
        ["workspace_id", "project_id", "lifecycle", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_issue_project_due_date",
        "issue",
        ["workspace_id", "project_id", "lifecycle", "due_date", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_issue_project_number",
        "issue",
        ["workspace_id", "project_id", "lifecycle", "number", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_issue_project_priority",
        "issue",
        ["workspace_id", "project_id", "lifecycle", "priority", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_issue_project_updated_at",
        "issue",
        ["workspace_id", "project_id", "lifecycle", "updated_at", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_issue_workspace_created_at", "issue", ["workspace_id", "lifecycle", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_issue_workspace_due_date",
        "issue",
        ["workspace_id", "lifecycle", "due_date", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_issue_workspace_id_state_id"), "issue", ["workspace_id", "state_id"], unique=False)
    op.create_index(
        "ix_issue_workspace_priority",
        "issue",
        ["workspace_id", "lifecycle", "priority", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_issue_workspace_updated_at",
        "issue",
        ["workspace_id", "lifecycle", "updated_at", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "comment",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("issue_id", sa.Text(collation="C"), nullable=False),
        sa.Column("author_id", sa.Text(collation="C"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("external_key", sa.Text(), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["account.id"], name=op.f("fk_comment_author_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "issue_id"],
            ["issue.workspace_id", "issue.id"],
            name=op.f("fk_comment_workspace_id_issue_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["project.workspace_id", "project.id"],
            name=op.f("fk_comment_workspace_id_project_id"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_comment_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_comment")),
        sa.UniqueConstraint(
            "workspace_id", "issue_id", "external_key", name=op.f("uq_comment_workspace_id_issue_id_external_key")
        ),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(op.f("ix_comment_author_id"), "comment", ["author_id"], unique=False)
    op.create_index(
        op.f("ix_comment_workspace_id_issue_id_created_at_id"),
        "comment",
        ["workspace_id", "issue_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_comment_workspace_id_project_id"), "comment", ["workspace_id", "project_id"], unique=False)
    op.create_table(
        "import_parent",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("issue_id", sa.Text(collation="C"), nullable=False),
        sa.Column("site_id", sa.Text(collation="C"), nullable=False),
        sa.Column("parent_key", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "issue_id"],
            ["issue.workspace_id", "issue.id"],
            name=op.f("fk_import_parent_workspace_id_issue_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["import_run.workspace_id", "import_run.id"],
            name=op.f("fk_import_parent_workspace_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "run_id", "issue_id", name=op.f("pk_import_parent")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        op.f("ix_import_parent_workspace_id_issue_id"), "import_parent", ["workspace_id", "issue_id"], unique=False
    )
    op.create_table(
        "imported_issue",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=True),
        sa.Column("digest", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "id"],
            ["issue.workspace_id", "issue.id"],
            name=op.f("fk_imported_issue_workspace_id_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_imported_issue")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_table(
        "issue_alias",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Text(collation="C"), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "issue_id"],
            ["issue.workspace_id", "issue.id"],
            name=op.f("fk_issue_alias_workspace_id_issue_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["project.workspace_id", "project.id"],
            name=op.f("fk_issue_alias_workspace_id_project_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "project_id", "number", name=op.f("pk_issue_alias")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        op.f("ix_issue_alias_workspace_id_issue_id_moved_at"),
        "issue_alias",
        ["workspace_id", "issue_id", "moved_at"],
        unique=False,
    )
    op.create_table(
        "issue_assignee",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("issue_id", sa.Text(collation="C"), nullable=False),
        sa.Column("user_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_issue_assignee_user_id")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "issue_id"],
            ["issue.workspace_id", "issue.id"],
            name=op.f("fk_issue_assignee_workspace_id_issue_id"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "issue_id", "user_id", name=op.f("pk_issue_assignee")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        op.f("ix_issue_assignee_user_id_workspace_id_issue_id"),
        "issue_assignee",
        ["user_id", "workspace_id", "issue_id"],
        unique=False,
    )
    op.create_table(
        "issue_label",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("issue_id", sa.Text(collation="C"), nullable=False),
        sa.Column("label_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "issue_id"],
            ["issue.workspace_id", "issue.id"],
            name=op.f("fk_issue_label_workspace_id_issue_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "label_id"],
            ["label.workspace_id", "label.id"],
            name=op.f("fk_issue_label_workspace_id_label_id"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "issue_id", "label_id", name=op.f("pk_issue_label")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        op.f("ix_issue_label_workspace_id_label_id_issue_id"),
        "issue_label",
        ["workspace_id", "label_id", "issue_id"],
        unique=False,
    )
    op.create_table(
        "issue_words",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("issue_id", sa.Text(collation="C"), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("title_grams", sa.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "issue_id"],
            ["issue.workspace_id", "issue.id"],
            name=op.f("fk_issue_words_workspace_id_issue_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "issue_id", name=op.f("pk_issue_words")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )
    op.create_index(
        "ix_issue_words",
        "issue_words",
        [sa.literal_column("(ARRAY[workspace_id])"), "words", "title_grams"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    )
    op.create_table(
        "imported_comment",
        sa.Column("workspace_id", sa.Text(collation="C"), nullable=False),
        sa.Column("id", sa.Text(collation="C"), nullable=False),
        sa.Column("digest", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "id"],
            ["comment.workspace_id", "comment.id"],
            name=op.f("fk_imported_comment_workspace_id_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_imported_comment")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_insert_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.02,
        },
    )


def downgrade() -> None:
    op.drop_table("imported_comment")
    op.drop_index(
        "ix_issue_words",
        table_name="issue_words",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    )
    op.drop_table("issue_words")
    op.drop_index(op.f("ix_issue_label_workspace_id_label_id_issue_id"), table_name="issue_label")
    op.drop_table("issue_label")
    op.drop_index(op.f("ix_issue_assignee_user_id_workspace_id_issue_id"), table_name="issue_assignee")
    op.drop_table("issue_assignee")
    op.drop_index(op.f("ix_issue_alias_workspace_id_issue_id_moved_at"), table_name="issue_alias")
    op.drop_table("issue_alias")
    op.drop_table("imported_issue")
    op.drop_index(op.f("ix_import_parent_workspace_id_issue_id"), table_name="import_parent")
    op.drop_table("import_parent")
    op.drop_index(op.f("ix_comment_workspace_id_project_id"), table_name="comment")
    op.drop_index(op.f("ix_comment_workspace_id_issue_id_created_at_id"), table_name="comment")
    op.drop_index(op.f("ix_comment_author_id"), table_name="comment")
    op.drop_table("comment")
    op.drop_index("ix_issue_workspace_updated_at", table_name="issue")
    op.drop_index("ix_issue_workspace_priority", table_name="issue")
    op.drop_index(op.f("ix_issue_workspace_id_state_id"), table_name="issue")
    op.drop_index("ix_issue_workspace_due_date", table_name="issue")
    op.drop_index("ix_issue_workspace_created_at", table_name="issue")
    op.drop_index("ix_issue_project_updated_at", table_name="issue")
    op.drop_index("ix_issue_project_priority", table_name="issue")
    op.drop_index("ix_issue_project_number", table_name="issue")
    op.drop_index("ix_issue_project_due_date", table_name="issue")
    op.drop_index("ix_issue_project_created_at", table_name="issue")
    op.drop_index(
        "ix_issue_parent_created_at",
        table_name="issue",
        postgresql_where=sa.text("parent_id IS NOT NULL"),
        postgresql_include=["updated_at", "priority", "number", "due_date"],
    )
    op.drop_index(
        "ix_issue_milestone_created_at",
        table_name="issue",
        postgresql_where=sa.text("milestone_id IS NOT NULL"),
        postgresql_include=["updated_at", "priority", "number", "due_date"],
    )
    op.drop_index(op.f("ix_issue_creator_id_workspace_id_project_id"), table_name="issue")
    op.drop_table("issue")
    op.drop_index(
        op.f("ix_state_workspace_id_replaced_by_id"),
        table_name="state",
        postgresql_where=sa.text("replaced_by_id IS NOT NULL"),
    )
    op.drop_table("state")
    op.drop_index(op.f("ix_refresh_token_session_id"), table_name="refresh_token")
    op.drop_table("refresh_token")
    op.drop_table("project_number")
    op.drop_index(op.f("ix_project_member_workspace_id_project_id_created_at_id"), table_name="project_member")
    op.drop_table("project_member")
    op.drop_index(op.f("ix_project_key_workspace_id_project_id"), table_name="project_key")
    op.drop_table("project_key")
    op.drop_index(
        op.f("ix_milestone_workspace_id_replaced_by_id"),
        table_name="milestone",
        postgresql_where=sa.text("replaced_by_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_milestone_workspace_id_project_id_due_date_id"), table_name="milestone")
    op.drop_index(op.f("ix_milestone_workspace_id_project_id_created_at_id"), table_name="milestone")
    op.drop_table("milestone")
    op.drop_table("import_mapping")
    op.drop_table("import_loss_kind")
    op.drop_index(op.f("ix_import_loss_workspace_id_run_id_line_id"), table_name="import_loss")
    op.drop_table("import_loss")
    op.drop_table("external_object")
    op.drop_table("external_issue")
    op.drop_table("batch_skip")
    op.drop_table("batch_rows")
    op.drop_index(op.f("ix_upload_owner_id_created_at"), table_name="upload")
    op.drop_table("upload")
    op.drop_index(op.f("ix_session_user_id_created_at_id"), table_name="session")
    op.drop_index(op.f("ix_session_expires_at"), table_name="session")
    op.drop_index(op.f("ix_session_ended_at"), table_name="session", postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.drop_table("session")
    op.drop_table("seed_run")
    op.drop_table("project")
    op.drop_table("password")
    op.drop_index(op.f("ix_member_user_id_route"), table_name="member")
    op.drop_table("member")
    op.drop_index(
        op.f("ix_label_workspace_id_replaced_by_id"),
        table_name="label",
        postgresql_where=sa.text("replaced_by_id IS NOT NULL"),
    )
    op.drop_table("label")
    op.drop_index(op.f("ix_invitation_workspace_id_created_at_id"), table_name="invitation")
    op.drop_index(
        op.f("ix_invitation_revoked_at"), table_name="invitation", postgresql_where=sa.text("revoked_at IS NOT NULL")
    )
    op.drop_index(op.f("ix_invitation_expires_at"), table_name="invitation")
    op.drop_index(op.f("ix_invitation_digest"), table_name="invitation")
    op.drop_index(op.f("ix_invitation_created_by_id"), table_name="invitation")
    op.drop_index(op.f("ix_invitation_accepted_by_id"), table_name="invitation")
    op.drop_index(
        op.f("ix_invitation_accepted_at"), table_name="invitation", postgresql_where=sa.text("accepted_at IS NOT NULL")
    )
    op.drop_table("invitation")
    op.drop_index(op.f("ix_import_run_workspace_id_created_at_id"), table_name="import_run")
    op.drop_index(op.f("ix_import_run_started_by_id"), table_name="import_run")
    op.drop_table("import_run")
    op.drop_table("external_site")
    op.drop_table("deleted_object")
    op.drop_index(
        "uq_batch_run_subject",
        table_name="batch_run",
        postgresql_where=sa.text("finished_at IS NULL AND kind NOT IN ('CHANGE_SET_UNDO', 'ISSUE_UPDATE')"),
    )
    op.drop_index(op.f("ix_batch_run_workspace_id_created_at_id"), table_name="batch_run")
    op.drop_index(op.f("ix_batch_run_started_by_id"), table_name="batch_run")
    op.drop_index(op.f("ix_batch_run_finished_at"), table_name="batch_run")
    op.drop_table("batch_run")
    op.drop_index(op.f("ix_api_key_user_id"), table_name="api_key")
    op.drop_index(
        op.f("ix_api_key_revoked_at"), table_name="api_key", postgresql_where=sa.text("revoked_at IS NOT NULL")
    )
    op.drop_index(
        op.f("ix_api_key_expires_at"), table_name="api_key", postgresql_where=sa.text("expires_at IS NOT NULL")
    )
    op.drop_table("api_key")
    op.drop_table("workspace_revision")
    op.drop_index(op.f("ix_workspace_route"), table_name="workspace")
    op.drop_table("workspace")
    op.drop_table("trusted_document")
    op.drop_table("signing_key")
    op.drop_index(op.f("ix_security_event_user_id_occurred_at_id"), table_name="security_event")
    op.drop_index(op.f("ix_security_event_occurred_at"), table_name="security_event")
    op.drop_index(op.f("ix_security_event_actor_id"), table_name="security_event")
    op.drop_table("security_event")
    op.drop_table("schedule")
    op.drop_index(op.f("ix_one_time_link_purpose_subject"), table_name="one_time_link")
    op.drop_index(op.f("ix_one_time_link_expires_at"), table_name="one_time_link")
    op.drop_table("one_time_link")
    op.drop_table("list_size")
    op.drop_index("uq_job_dedupe_key", table_name="job", postgresql_where=sa.text("state = 'WAITING'"))
    op.drop_index("ix_job_parked", table_name="job", postgresql_where=sa.text("state = 'PARKED'"))
    op.drop_index("ix_job_due", table_name="job", postgresql_where=sa.text("state IN ('WAITING', 'RUNNING')"))
    op.drop_index("ix_job_done", table_name="job", postgresql_where=sa.text("state = 'DONE'"))
    op.drop_table("job")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("event_text")
    op.drop_index(op.f("ix_event_workspace_id_subject_id_revision"), table_name="event")
    op.drop_index(
        op.f("ix_event_workspace_id_parent_id_revision"),
        table_name="event",
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.drop_index(
        op.f("ix_event_workspace_id_change_set_revision"),
        table_name="event",
        postgresql_where=sa.text("change_set < revision"),
    )
    op.drop_index(
        "ix_event_tombstones",
        table_name="event",
        postgresql_where=sa.text("changes ? 'deleted_at' AND changes ? 'body'"),
    )
    op.drop_table("event")
    op.drop_table("account")
