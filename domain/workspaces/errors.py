from enum import StrEnum


class WorkspaceErrorCode(StrEnum):
    """Codes of refusals that only this slice gives, beside those of `ErrorCode`."""

    LAST_OWNER = "LAST_OWNER"
