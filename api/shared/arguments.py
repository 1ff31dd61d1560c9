"""Arguments that several fields share."""

from typing import Annotated

import strawberry

Slug = Annotated[str, strawberry.argument(description="Slug of the workspace, in any letter case.")]
Key = Annotated[str, strawberry.argument(description="Key of the project in any letter case, such as ENG.")]
Identifier = Annotated[
    str, strawberry.argument(description="Identifier of the issue in any letter case, such as ENG-12.")
]
NodeId = Annotated[strawberry.ID, strawberry.argument(description="A TypeID.")]
NodeIds = Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 TypeIDs.")]
