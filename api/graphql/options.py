"""Options of GraphQL operations, filled from the settings by the entry point."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLimits:
    """Limits on one GraphQL request; a fragment counts each time that it is spread."""

    document_bytes: int = 16_384
    tokens: int = 2_000
    depth: int = 12
    introspection_depth: int = 20
    aliases: int = 30
    root_fields: int = 20
    fields: int = 5_000
    cost: int = 10_000  # points of `api/graphql/cost.py`
    overlaps: int = 1_500  # pairs of fields with one name in one place
    list_items: int = 250
    variables_depth: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOptions:
    """Options of how operations are executed."""

    is_compiled: bool = True
    stock_runs: int = 1  # runs of an operation in graphql-core before it is compiled
    shadow_one_in: int = 0  # one of this many queries is run by both executors and compared; 0: none


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOptions:
    """Points that callers have; `burst` is the maximum that a caller can save up."""

    per_hour: int = 250_000
    burst: int = 250_000
    anonymous_per_hour: int = 20_000  # points per hour for each address of callers who are not signed in
    is_shown: bool = False  # whether responses have `extensions.cost`
