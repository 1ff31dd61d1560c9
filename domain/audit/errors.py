from enum import StrEnum

from domain.shared.errors import InvalidInput


class AuditErrorCode(StrEnum):
    """Codes of refusals that only this slice gives, beside those of `ErrorCode`."""

    REVISION_GONE = "REVISION_GONE"


class RevisionGone(InvalidInput):
    """Changes after the given revision have been deleted; `first_revision` is the first one that is left."""

    code = AuditErrorCode.REVISION_GONE  # type: ignore[assignment]  # a code of this slice

    def __init__(self, first_revision: int, *, path: tuple[str, ...] = ("after",), message: str | None = None) -> None:
        advice = f"Load the objects again, and continue with {{field}} {first_revision - 1}."
        deleted = f"Changes before revision {first_revision} have been deleted."
        super().__init__(message or f"{deleted} {advice}", path=path)
        self.details = {"first_revision": first_revision}
