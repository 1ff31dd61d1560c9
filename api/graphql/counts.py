"""How operations have been run since the process started, and what is said of it in the log."""

import logging
from collections import Counter
from dataclasses import dataclass, field

INTROSPECTION = "introspection"
"""The one reason for stock execution that is no surprise: nobody is told above DEBUG."""
LONGEST_NAME = 100

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ExecutionCounts:
    """Numbers of runs; each event of a subscription is one. To be read at any time, and never set back."""

    compiled: int = 0
    stock: Counter[str] = field(default_factory=Counter)  # by reason: what is usual, or why there is no plan
    fallbacks: Counter[str] = field(default_factory=Counter)  # by reason, of operations or parts of them
    shadowed: int = 0  # compared to an end, whichever it was
    shadow_differences: int = 0
    shadow_undecided: int = 0  # the data changed meanwhile, or could not be read
    shadow_failures: int = 0
    shadow_skipped: int = 0  # too many others were under way

    def note_fallback(self, reason: str, operation_name: str | None) -> None:
        """Counts, and logs each power of ten of a reason: the first time, the tenth, the hundredth."""
        self.fallbacks[reason] += 1
        total = self.fallbacks[reason]
        if total == 10 ** (len(str(total)) - 1):
            logger.log(
                logging.DEBUG if reason == INTROSPECTION else logging.INFO,
                "Operation %s ran in graphql-core, at least in part, instead of compiled code: %s (%d so far)",
                shown_name(operation_name),
                reason,
                total,
                extra={"facts": {"operation": operation_name, "reason": reason, "fallbacks": total}},
            )


def shown_name(operation_name: str | None) -> str:
    """The operation's name for a log record; clients choose it, within GraphQL's names."""
    return "(unnamed)" if operation_name is None else operation_name[:LONGEST_NAME]
