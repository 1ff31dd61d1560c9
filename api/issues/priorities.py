from api.shared.enums import describe_enum
from domain.issues.priorities import Priority

describe_enum(
    Priority,
    name="IssuePriority",
    description="Priority of an issue, in ascending order: NONE, LOW, MEDIUM, HIGH, URGENT.",
    NONE="No priority set.",
    LOW="Below normal priority.",
    MEDIUM="Normal priority.",
    HIGH="Above normal priority.",
    URGENT="Needs immediate attention.",
)

__all__ = ["Priority"]
