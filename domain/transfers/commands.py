from dataclasses import dataclass

from domain.transfers.model import ImportFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDraft:
    """`file_id` is an uploaded file; `project_key` names the project that gets everything, whatever the file says.

    `site` names the installation of the tracker that the file is of, whatever hosts the file names.
    `include_restricted` also imports what the other tracker shows to some people only.
    """

    workspace_id: str
    format: ImportFormat
    file_id: str
    project_key: str | None = None
    site: str | None = None
    include_restricted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberClaim:
    """Hands what a placeholder wrote and was assigned to a member."""

    placeholder_id: str
    member_id: str
