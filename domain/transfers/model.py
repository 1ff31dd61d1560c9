"""Imports: what was asked for, how far it is, and what became of every line."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType

from domain.accounts.model import UserId
from domain.shared.jobs import Progress
from domain.transfers.records import LossCode
from domain.workspaces.model import Workspace, WorkspaceId

ImportRunId = NewType("ImportRunId", str)
UploadId = NewType("UploadId", str)

SITE = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,199}", re.ASCII)
SITE_RULE = "1 to 200 letters, digits and any of . _ : / -, starting with a letter or digit"


class ImportFormat(StrEnum):
    JIRA = "JIRA"
    GITHUB = "GITHUB"

    @property
    def source(self) -> str:
        """The external source recorded on issues of this format."""
        return self.value.lower()

    @property
    def moves_issues(self) -> bool:
        """Whether an issue keeps its id in another project. GitHub gives a transferred issue a new one."""
        return self is ImportFormat.JIRA


class ImportState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An uploaded file; `digest` is its SHA-256."""

    prefix: ClassVar[str] = "fil"

    id: UploadId
    owner_id: UserId
    name: str
    size: int
    digest: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """Counts of an import; for each kind, read = created + changed + unchanged + lost as a whole."""

    issues_read: int = 0
    issues_created: int = 0
    issues_changed: int = 0
    issues_unchanged: int = 0
    comments_read: int = 0
    comments_created: int = 0
    comments_changed: int = 0
    comments_unchanged: int = 0
    people_created: int = 0
    labels_created: int = 0
    loss_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """An import of one file.

    `position` counts the processed items of the file, `bytes_read` the processed bytes of `file_size`; `total` is null
    until the whole file has been read. `site` is the requested site. `site_id` and `project_id` are the choices of the
    run, so that a resumed run continues unchanged even if names have changed. `change_set` is the revision of the
    commit that started the run.
    """

    prefix: ClassVar[str] = "imp"

    id: ImportRunId
    workspace_id: WorkspaceId
    format: ImportFormat
    project_key: str | None
    include_restricted: bool
    project_id: str | None
    site: str | None
    site_id: str | None
    file_name: str
    file_digest: str
    upload_id: UploadId
    job_id: str
    change_set: int
    started_by_id: UserId
    state: ImportState
    failure: str | None
    position: int
    total: int | None
    file_size: int
    bytes_read: int
    issues_read: int
    issues_created: int
    issues_changed: int
    issues_unchanged: int
    comments_read: int
    comments_created: int
    comments_changed: int
    comments_unchanged: int
    people_created: int
    labels_created: int
    loss_count: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None

    @classmethod
    def begun(
        cls,
        upload: Upload,
        *,
        id: ImportRunId,
        workspace: Workspace,
        format: ImportFormat,
        project_key: str | None,
        project_id: str | None,
        site: str | None,
        include_restricted: bool = False,
        job_id: str,
        started_by_id: UserId,
        now: datetime,
    ) -> "ImportRun":
        zeros = dict.fromkeys(("change_set", "position", "bytes_read", *ImportCounts.__dataclass_fields__), 0)
        return cls(
            id=id,
            workspace_id=workspace.id,
            format=format,
            project_key=project_key,
            include_restricted=include_restricted,
            project_id=project_id,
            site=site,
            site_id=None,
            file_name=upload.name,
            file_digest=upload.digest,
            upload_id=upload.id,
            job_id=job_id,
            started_by_id=started_by_id,
            state=ImportState.WAITING,
            failure=None,
            total=None,
            file_size=upload.size,
            created_at=now,
            updated_at=now,
            finished_at=None,
            **zeros,
        )

    @property
    def progress(self) -> Progress:
        share = 1.0 if self.state is ImportState.DONE else self.bytes_read / max(self.file_size, 1)
        return Progress(done=self.position, total=self.total, share=share)

    @property
    def is_over(self) -> bool:
        return self.state in (ImportState.DONE, ImportState.FAILED)

    def advanced(self, counts: ImportCounts, *, items: int, bytes_read: int, now: datetime) -> "ImportRun":
        """The run after a batch of that many items, with the total number of bytes read."""
        sums = {name: getattr(self, name) + getattr(counts, name) for name in ImportCounts.__dataclass_fields__}
        position = self.position + items
        return replace(
            self, state=ImportState.RUNNING, position=position, bytes_read=bytes_read, updated_at=now, **sums
        )

    def ended(self, state: ImportState, *, now: datetime, failure: str | None = None) -> "ImportRun":
        return replace(self, state=state, failure=failure, updated_at=now, finished_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLoss:
    """A value of the file that was not imported, or not imported unchanged."""

    id: str
    line: int
    key: str | None
    field: str
    code: LossCode
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LossKind:
    """Losses of one field for one reason, with the number of places and of lost values."""

    field: str
    code: LossCode
    places: int
    count: int
    first_line: int
    first_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMapping:
    """The counterpart of a name in the file, and its number of issues; `kind` is for example "site" or "state"."""

    id: str
    kind: str
    source: str
    target: str
    count: int
