"""What a developer may know of one operation beside its answer."""

import time
from collections.abc import Sequence
from typing import Any

from domain.shared.statement_trace import SentStatement

HEADER = b"x-workgraph-trace"
"""The header of a request that asks for `extensions.trace`; heeded only where the application traces at all."""
COMPILED = "compiled"
STOCK = "graphql-core"


class OperationTrace:
    """From when it is made until `extension` is called; `statements` may grow meanwhile."""

    def __init__(self, statements: Sequence[SentStatement]) -> None:
        self._since = time.perf_counter()
        self._statements = statements
        self._execution: dict[str, Any] = {"executor": None, "reason": None, "plan": None}

    def note_execution(self, *, reason: str | None, plan: str | None) -> None:
        """`plan` is the source that ran, if any did; `reason` why graphql-core executed all, or a part, instead."""
        self._execution = {"executor": STOCK if plan is None else COMPILED, "reason": reason, "plan": plan}

    def extension(self) -> dict[str, Any]:
        """`extensions.trace` of the answer; times in milliseconds."""
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
