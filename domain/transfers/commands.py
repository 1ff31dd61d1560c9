from dataclasses import dataclass

from domain.transfers.model import ImportFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDraft:
    """`file_id` is an uploaded file; `project_key` names the project that gets everything, whatever the file says."""

    workspace_id: str
    format: ImportFormat
    file_id: str
    project_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberClaim:
    """Hands what a placeholder wrote and was assigned to a member."""

    placeholder_id: str
    member_id: str
