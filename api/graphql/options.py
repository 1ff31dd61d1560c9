"""Options of GraphQL operations, filled from the settings by the entry point.

Settings have their defaults in `infra/setting_groups.py` only; a field with a default here has no setting.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLimits:
    """Limits on one GraphQL request; a fragment counts each time that it is spread."""

    document_bytes: int
    tokens: int
    depth: int
    introspection_depth: int
    aliases: int
    root_fields: int
    fields: int
    cost: int  # points of `api/graphql/cost.py`
    list_items: int
    overlaps: int = 1_500  # pairs of fields with one name in one place
    variables_depth: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOptions:
    """Options of how operations are executed."""

    is_compiled: bool
    shadow_one_in: int  # one of this many queries is run by both executors and compared; 0: none
    stock_runs: int = 1
    """Runs of an operation in graphql-core before it is compiled; 0 has the first run wait for the compilation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOptions:
    """Points that callers have; `burst` is the maximum that a caller can save up."""

    per_hour: int
    burst: int
    anonymous_per_hour: int  # points per hour for each address of callers who are not signed in
    is_shown: bool  # whether responses have `extensions.cost`
