from dataclasses import dataclass

from domain.transfers.model import ImportFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDraft:
    """`file_id` is an uploaded file; `project_key` names a project that receives all issues of the file.

    `site` names the tracker installation that the file comes from and overrides hosts in the file.
    `include_restricted` also imports content that the other tracker restricts to some users.
    """

    workspace_id: str
    format: ImportFormat
    file_id: str
    project_key: str | None = None
    site: str | None = None
    include_restricted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceholderAdoption:
    """Transfers the content and assignments of a placeholder to a member."""

    placeholder_id: str
    member_id: str
