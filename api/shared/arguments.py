"""Arguments that several fields share."""

from typing import Annotated

import strawberry

FILTER_LIMITS = (
    "At most 64 conditions, nested at most 6 levels deep, with texts of at most 1,000 characters. A condition costs 1 "
    "point; `text`, `contains`, `startsWith`, `some`, `every` and `none` cost 10."
)

Slug = Annotated[str, strawberry.argument(description="Slug of the workspace, in any letter case.")]
Key = Annotated[str, strawberry.argument(description="Key of the project, such as `ENG`, in any letter case.")]
Identifier = Annotated[
    str, strawberry.argument(description="Identifier of the issue, such as `ENG-12`, in any letter case.")
]
NodeId = Annotated[strawberry.ID, strawberry.argument(description="ID of the object to fetch.")]
NodeIds = Annotated[list[strawberry.ID], strawberry.argument(description="IDs of the objects to fetch, at most 100.")]
