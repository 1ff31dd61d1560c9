from enum import StrEnum


class IssueErrorCode(StrEnum):
    """Codes of refusals that only this slice gives, beside those of `ErrorCode`."""

    PARENT_CYCLE = "PARENT_CYCLE"
