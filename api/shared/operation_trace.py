"""Trace of one operation for developers, in `extensions.trace`."""

import time
from collections.abc import Sequence
from typing import Any

from domain.shared.statement_trace import SentStatement

HEADER = b"x-workgraph-trace"
"""Request header that asks for `extensions.trace`; ignored unless the application traces statements."""
COMPILED = "compiled"
STOCK = "graphql-core"


class OperationTrace:
    """Time, executor and statements of an operation, from construction until `extension` is called.

    `statements` may grow in the meantime.
    """

    def __init__(self, statements: Sequence[SentStatement]) -> None:
        self._since = time.perf_counter()
        self._statements = statements
        self._execution: dict[str, Any] = {"executor": None, "reason": None, "plan": None}

    def note_execution(self, *, reason: str | None, plan: str | None) -> None:
        """Records the executor. `plan` is the source code that ran, `reason` the reason for a fallback."""
        self._execution = {"executor": STOCK if plan is None else COMPILED, "reason": reason, "plan": plan}

    def extension(self) -> dict[str, Any]:
        """`extensions.trace` of the response; times are in milliseconds."""
        return {
            "milliseconds": round((time.perf_counter() - self._since) * 1000, 3),
            **self._execution,
            "statements": [
                {
                    "text": each.text,
                    "milliseconds": round(each.milliseconds, 3),
                    "rows": each.rows,
                    "isWrite": each.is_write,
                }
                for each in self._statements
            ],
        }
