"""Options of GraphQL operations, filled from the settings by the entry point."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLimits:
    """Bounds of one GraphQL request; fragments count as often as they are spread."""

    document_bytes: int = 16_384
    tokens: int = 2_000
    depth: int = 12
    introspection_depth: int = 20
    aliases: int = 30
    root_fields: int = 20
    fields: int = 5_000
    cost: int = 10_000  # points, as `api/graphql/cost.py` counts them
    overlaps: int = 1_500  # pairs of fields with one name in one place
    list_items: int = 250
    variables_depth: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOptions:
    """How operations are run."""

    is_compiled: bool = True
    stock_runs: int = 1  # of an operation in graphql-core before it is compiled
    shadow_one_in: int = 0  # how many queries are run both ways and compared; 0: none


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOptions:
    """How many points callers have; `burst` is the most that they can save up."""

    per_hour: int = 250_000
    burst: int = 250_000
    anonymous_per_hour: int = 20_000  # for each address
    is_shown: bool = False  # in `extensions.cost`
