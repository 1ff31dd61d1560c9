"""Counts of how operations were executed since the process started, and log records about fallbacks."""

import logging
from collections import Counter
from dataclasses import dataclass, field

INTROSPECTION = "introspection"
"""The one expected reason for stock execution, logged at DEBUG only."""
LONGEST_NAME = 100

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ExecutionCounts:
    """Totals of executions since the process started; each event of a subscription counts as one."""

    compiled: int = 0
    # by reason: new operations, introspection, or the reason for a missing plan
    stock: Counter[str] = field(default_factory=Counter)
    fallbacks: Counter[str] = field(default_factory=Counter)  # by reason, for whole operations or parts of them
    failed_compilations: int = 0
    compilations_put_off: int = 0  # because too many were waiting
    shadowed: int = 0  # comparisons with a result, equal or different
    shadow_differences: int = 0
    shadow_undecided: int = 0  # the data changed between the runs, or could not be read
    shadow_failures: int = 0
    shadow_skipped: int = 0  # too many comparisons were running

    def note_fallback(self, reason: str, operation_name: str | None) -> None:
        """Counts the fallback. Logs the 1st, 10th, 100th and so on for each reason."""
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
    """The operation's name for a log record, shortened because clients choose it."""
    return "(unnamed)" if operation_name is None else operation_name[:LONGEST_NAME]
