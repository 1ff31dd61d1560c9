import strawberry

from domain.shared import jobs


@strawberry.type(description="Progress of a background job.")
class Progress:
    describes = jobs.Progress

    done: int = strawberry.field(description="Number of items processed so far.")
    total: int | None = strawberry.field(
        description="Total number of items. Null until the items have been counted; an import counts them by "
        "reading its file."
    )
    share: float = strawberry.field(
        description="Progress of the job, from 0 to 1. For an import, the share of the file's bytes that have been "
        "read."
    )
