"""Compiled GraphQL execution for Strawberry: each operation as Python code. See README.md beside this file."""

from strawberry_compiled.batching import batched, related
from strawberry_compiled.planning import NotCompilable
from strawberry_compiled.plans import CompiledOperation, Plan
from strawberry_compiled.running import CompiledExecutor, fallbacks
from strawberry_compiled.strawberry_internals import IncompatibleStrawberry, check_strawberry, decides_by_class

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
