from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from domain.transfers.identity_ports import ObjectKind
from domain.transfers.model import ImportFormat, ImportState
from domain.transfers.records import LossCode
from infra.accounts.tables import UserRow
from infra.comments.tables import CommentRow
from infra.db.base import MANY_ROWS, Base, Id, Key, in_same_workspace, named_enum, one_of
from infra.issues.tables import IssueRow
from infra.workspaces.tables import WorkspaceRow


class UploadRow(Base):
    """An uploaded file, stored under the row's ID."""

    __tablename__ = "upload"
    __table_args__ = (Index(None, "owner_id", "created_at"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    owner_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[Key]
    created_at: Mapped[datetime]


class ImportRunRow(Base):
    """An import. The file is deleted when the import is done; the report remains."""

    __tablename__ = "import_run"
    __table_args__ = (
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "started_by_id"),
        one_of("format", ImportFormat),
        one_of("state", ImportState),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    format: Mapped[ImportFormat] = mapped_column(named_enum(ImportFormat))
    project_key: Mapped[Key | None]
    include_restricted: Mapped[bool] = mapped_column(server_default=false())
    project_id: Mapped[Id | None]
    site: Mapped[Key | None]
    site_id: Mapped[Id | None]
    file_name: Mapped[str]
    file_digest: Mapped[Key]
    upload_id: Mapped[Id]
    job_id: Mapped[Id]
    change_set: Mapped[int] = mapped_column(BigInteger)
    started_by_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    state: Mapped[ImportState] = mapped_column(named_enum(ImportState))
    failure: Mapped[str | None]
    position: Mapped[int]
    total: Mapped[int | None]
    file_size: Mapped[int] = mapped_column(BigInteger)
    bytes_read: Mapped[int] = mapped_column(BigInteger)
    issues_read: Mapped[int]
    issues_created: Mapped[int]
    issues_changed: Mapped[int]
    issues_unchanged: Mapped[int]
    comments_read: Mapped[int]
    comments_created: Mapped[int]
    comments_changed: Mapped[int]
    comments_unchanged: Mapped[int]
    people_created: Mapped[int]
    labels_created: Mapped[int]
    loss_count: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


def _of_run() -> ForeignKeyConstraint:
    return in_same_workspace("run_id", of=ImportRunRow, ondelete="CASCADE")


class ImportLossRow(Base):
    """A value that was not imported; the number of rows is limited for each kind of loss."""

    __tablename__ = "import_loss"
    __table_args__ = (_of_run(), Index(None, "workspace_id", "run_id", "line", "id"), one_of("code", LossCode))

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id]
    line: Mapped[int]
    key: Mapped[str | None]
    field: Mapped[str]
    code: Mapped[LossCode] = mapped_column(named_enum(LossCode))
    reason: Mapped[str]
    count: Mapped[int]


class ImportLossKindRow(Base):
    """Total of one kind of loss in an import."""

    __tablename__ = "import_loss_kind"
    __table_args__ = (_of_run(), one_of("code", LossCode))

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[LossCode] = mapped_column(named_enum(LossCode), primary_key=True)
    places: Mapped[int]
    count: Mapped[int] = mapped_column(BigInteger)
    first_line: Mapped[int]
    first_reason: Mapped[str]


class ImportMappingRow(Base):
    """Target of a name in the file, and its number of uses."""

    __tablename__ = "import_mapping"
    __table_args__ = (_of_run(), UniqueConstraint("workspace_id", "run_id", "kind", "source", "target"))

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id]
    kind: Mapped[Key]
    source: Mapped[Key]
    target: Mapped[Key]
    count: Mapped[int]


class ImportParentRow(Base):
    """A parent named in the file, to be resolved when all issues are imported."""

    __tablename__ = "import_parent"
    __table_args__ = (
        _of_run(),
        in_same_workspace("issue_id", of=IssueRow, ondelete="CASCADE"),
        Index(None, "workspace_id", "issue_id"),
        MANY_ROWS,
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id] = mapped_column(primary_key=True)
    issue_id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[Id]
    parent_key: Mapped[str]
    parent_id: Mapped[str | None]
    line: Mapped[int]


class ExternalSiteRow(Base):
    """One installation of a tracker. Unnamed sites are distinguished by the issues imported from them."""

    __tablename__ = "external_site"
    __table_args__ = (UniqueConstraint("workspace_id", "source", "name"),)

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    source: Mapped[Key]
    name: Mapped[Key | None]
    created_at: Mapped[datetime]


def _of_site() -> ForeignKeyConstraint:
    return in_same_workspace("site_id", of=ExternalSiteRow, ondelete="CASCADE")


class ExternalObjectRow(Base):
    """Counterpart of a project, state, label, milestone or person of another tracker.

    The target has no foreign key because the row outlives it: a deleted state still leads to the state that took over
    its issues.
    """

    __tablename__ = "external_object"
    __table_args__ = (
        _of_site(),
        UniqueConstraint("workspace_id", "site_id", "kind", "scope", "external_id"),
        # The key identifies objects that have no ID.
        UniqueConstraint(
            "workspace_id", "site_id", "kind", "scope", "key", "external_id", postgresql_nulls_not_distinct=True
        ),
        one_of("kind", ObjectKind),
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[Id]
    kind: Mapped[ObjectKind] = mapped_column(named_enum(ObjectKind))
    scope: Mapped[Id]
    key: Mapped[Key]
    external_id: Mapped[Key | None]
    target_id: Mapped[Id]


class ExternalIssueRow(Base):
    """Counterpart of an issue of another tracker.

    The issue has no foreign key because the row outlives it: a permanently deleted issue is not imported again.
    """

    __tablename__ = "external_issue"
    __table_args__ = (
        _of_site(),
        UniqueConstraint("workspace_id", "site_id", "external_id"),
        UniqueConstraint("workspace_id", "site_id", "key", "external_id", postgresql_nulls_not_distinct=True),
        MANY_ROWS,
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    issue_id: Mapped[Id] = mapped_column(primary_key=True)
    site_id: Mapped[Id]
    key: Mapped[Key]
    external_id: Mapped[Key | None]
    source_id: Mapped[Id]
    project_id: Mapped[Id]


class ImportedIssueRow(Base):
    """Source of an imported issue.

    `digest` shows whether the file has changes, and `source` is the description before its conversion to Markdown.
    `run_id` is the last run that read the issue, so that a key that a file has twice is detected.
    """

    __tablename__ = "imported_issue"
    __table_args__ = (in_same_workspace("id", of=IssueRow, ondelete="CASCADE"), MANY_ROWS)

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id | None]
    digest: Mapped[Key]
    source: Mapped[str | None]


class ImportedCommentRow(Base):
    """Source of an imported comment: `digest` shows changes, `source` is the body before its conversion."""

    __tablename__ = "imported_comment"
    __table_args__ = (in_same_workspace("id", of=CommentRow, ondelete="CASCADE"), MANY_ROWS)

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    digest: Mapped[Key]
    source: Mapped[str | None]
