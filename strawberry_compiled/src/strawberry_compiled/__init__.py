"""Compiled GraphQL execution for Strawberry: each operation as Python code. The README shows how to use it.

With versions of Strawberry or graphql-core that are not supported, only `executor_class`, `batched`, `related`,
`loaded_by` and the names of `rows.py` can be imported; every other name raises IncompatibleStrawberry.
"""

from functools import partial

from strawberry_compiled.batching import batched, related
from strawberry_compiled.compatibility import (
    IncompatibleStrawberry,
    StockExecutionWarning,
    executor_class,
    problem,
    refuse,
)
from strawberry_compiled.dataloaders import loaded_by
from strawberry_compiled.rows import (
    Column,
    KeyedRows,
    ListsOfRows,
    Projection,
    RowLists,
    Rows,
    RowsByKey,
    RowSource,
    RowType,
    below,
    columns_of,
    projection_of,
    values_of,
)

if (_reason := problem()) is not None:
    globals()["__getattr__"] = partial(refuse, _reason)
else:
    from strawberry_compiled.explanation import explain
    from strawberry_compiled.later import CompileLater, NotCompiledYet
    from strawberry_compiled.operations import CompiledOperation
    from strawberry_compiled.planning import NotCompilable
    from strawberry_compiled.plans import Plan
    from strawberry_compiled.running import CompiledExecutor, fallbacks
    from strawberry_compiled.strawberry_internals import check_strawberry, decides_by_class

__all__ = [
    "Column",
    "CompileLater",
    "CompiledExecutor",
    "CompiledOperation",
    "IncompatibleStrawberry",
    "KeyedRows",
    "ListsOfRows",
    "NotCompilable",
    "NotCompiledYet",
    "Plan",
    "Projection",
    "RowLists",
    "RowSource",
    "RowType",
    "Rows",
    "RowsByKey",
    "StockExecutionWarning",
    "batched",
    "below",
    "check_strawberry",
    "columns_of",
    "decides_by_class",
    "executor_class",
    "explain",
    "fallbacks",
    "loaded_by",
    "projection_of",
    "related",
    "values_of",
]
