from typing import ClassVar

import strawberry

from api.shared.enums import describe_enum
from api.shared.inputs import MutationInput
from domain.transfers import commands
from domain.transfers.model import ImportFormat

describe_enum(
    ImportFormat,
    name="ImportFormat",
    description="What kind of export a file is.",
    JIRA="JSON of issues from Jira's REST API: one issue per line, a list of issues, or the answer to a search.",
    GITHUB="JSON of issues and pull requests from GitHub's REST API, one per line or in a list, or an archive of a "
    "repository with the members `issues` and `pulls`.",
)


def everything() -> None:
    """Lists of an import have neither filter nor sort."""


@strawberry.input(description="What to import, and where to.")
class ImportStartInput(MutationInput):
    describes: ClassVar[type] = commands.ImportDraft

    workspace_id: strawberry.ID = strawberry.field(description="The workspace that gets it.")
    format: ImportFormat = strawberry.field(description="What kind of export the file is.")
    file_id: strawberry.ID = strawberry.field(description="A file that you have sent to /imports/files.")
    project_key: str | None = strawberry.field(
        default=None, description="The project for everything; without one, the file says."
    )
    site: str | None = strawberry.field(
        default=None,
        description="Name of the Jira or GitHub installation that the file comes from, at most 200 characters. "
        "Null: the host of each record's address. Only issues of an equal site are recognized again.",
    )
    include_restricted: bool = strawberry.field(
        default=False,
        description=(
            "True also imports issues and comments that the other tracker shows to some people only, "
            "and makes them readable for everyone who sees the project; only admins and owners can do this. "
            "False, the default, leaves them out and reports each as `RESTRICTED`."
        ),
    )


@strawberry.input(description="Whose work to hand to whom.")
class MemberClaimInput(MutationInput):
    describes: ClassVar[type] = commands.MemberClaim

    placeholder_id: strawberry.ID = strawberry.field(description="A member that an import made for somebody.")
    member_id: strawberry.ID = strawberry.field(description="The member who is that person.")
