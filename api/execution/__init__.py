"""Compiled GraphQL execution for Strawberry: each operation as Python code. See README.md beside this file."""

from api.execution.batching import batched, related
from api.execution.planning import NotCompilable
from api.execution.plans import CompiledOperation, Plan
from api.execution.running import CompiledExecutor, fallbacks
from api.execution.strawberry_internals import IncompatibleStrawberry, check_strawberry, decides_by_class

__all__ = [
    "CompiledExecutor",
    "CompiledOperation",
    "IncompatibleStrawberry",
    "NotCompilable",
    "Plan",
    "batched",
    "check_strawberry",
    "decides_by_class",
    "fallbacks",
    "related",
]
