"""Arguments that several fields share."""

from typing import Annotated

import strawberry

Slug = Annotated[str, strawberry.argument(description="The workspace's slug.")]
Key = Annotated[str, strawberry.argument(description="The project's key, such as ENG.")]
Identifier = Annotated[str, strawberry.argument(description="The issue's identifier, such as ENG-12.")]
NodeId = Annotated[strawberry.ID, strawberry.argument(description="A TypeID.")]
NodeIds = Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 TypeIDs.")]
