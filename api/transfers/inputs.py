from typing import ClassVar

import strawberry

from api.shared.enums import describe_enum
from api.shared.inputs import MutationInput
from domain.transfers import commands
from domain.transfers.model import ImportFormat

describe_enum(
    ImportFormat,
    name="ImportFormat",
    description="Format of a file to import.",
    JIRA="Issues from Jira's REST API as JSON: one issue per line, an array of issues, or the response to a search.",
    GITHUB="Issues and pull requests from GitHub's REST API as JSON, one per line or in an array, or an "
    "archive of a repository with the members `issues` and `pulls`.",
)


@strawberry.input(description="Input of the `importStart` mutation.")
class ImportStartInput(MutationInput):
    describes: ClassVar[type] = commands.ImportDraft

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace to import into.")
    format: ImportFormat = strawberry.field(description="Format of the file to import.")
    file_id: strawberry.ID = strawberry.field(description="ID of a file that you uploaded to `/imports/files`.")
    project_key: str | None = strawberry.field(
        default=None,
        description="Key of the project that receives all issues of the file. Null lets the file determine the "
        "projects.",
    )
    site: str | None = strawberry.field(
        default=None,
        description="Name of the Jira or GitHub installation that the file comes from, at most 200 characters. "
        "Null uses the host of each record's address. A later import recognizes an issue only if the "
        "site is equal.",
    )
    include_restricted: bool = strawberry.field(
        default=False,
        description=(
            "Whether to import issues and comments that are restricted in the other tracker. If true, "
            "everyone who can see the project can read them. If false, they are left out and reported as "
            "`RESTRICTED`. Default: false."
        ),
    )


@strawberry.input(description="Input of the `memberClaim` mutation.")
class MemberClaimInput(MutationInput):
    describes: ClassVar[type] = commands.PlaceholderAdoption

    placeholder_id: strawberry.ID = strawberry.field(
        description="ID of the placeholder's membership, which an import created."
    )
    member_id: strawberry.ID = strawberry.field(
        description="ID of the membership of the real person, who receives the placeholder's work."
    )
