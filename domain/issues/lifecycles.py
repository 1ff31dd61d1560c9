from enum import IntEnum


class Lifecycle(IntEnum):
    """Lists that an issue is in. A trashed issue is only in the trash, whether it is archived or not."""

    ACTIVE = 0
    ARCHIVED = 1
    TRASHED = 2
