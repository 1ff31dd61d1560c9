"""What the HTTP side of the API is told about its surroundings; filled from the settings by the entry point."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.sockets.limits import SocketOptions


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLogin:
    """An account that everybody may use, in development."""

    email: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorerOptions:
    """Options of the explorer.

    `is_for_members`: visitors who are not signed in see a sign-in form only. `is_development`: operations can be
    traced. `is_compressed`: files are sent as gzip to clients that accept it.
    """

    is_for_members: bool = False
    is_development: bool = False
    is_compressed: bool = True
    demo: DemoLogin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """All times in seconds, all sizes in bytes."""

    version: str = "unknown"
    public_url: str = "http://localhost:8000"
    allowed_hosts: tuple[str, ...] = ("*",)
    allowed_origins: tuple[str, ...] = ()
    explorer: ExplorerOptions | None = ExplorerOptions()
    is_introspection_enabled: bool = True
    is_development: bool = False  # all callers may introspect, and pages of this machine may read answers
    limits: QueryLimits = field(default_factory=QueryLimits)
    execution: ExecutionOptions = field(default_factory=ExecutionOptions)
    cost: CostOptions = field(default_factory=CostOptions)
    are_trusted_only: bool = False  # of documents, those that the operator has added
    sockets: SocketOptions = field(default_factory=SocketOptions)
    request_seconds: float = 10
    body_bytes: int = 1_048_576
    larger_bodies: Mapping[str, int] = field(default_factory=dict)  # by path, for uploads
    body_seconds: float = 15
    is_compressed: bool = True  # answers above 1 KB, for clients that accept gzip
    readiness_seconds: float = 1.5
