"""Options of the HTTP side of the API, filled from the settings by the entry point."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.graphql.options import CostOptions, ExecutionOptions, QueryLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketOptions:
    """Limits of WebSocket connections, per process; times are in seconds."""

    sockets: int = 1000
    sockets_per_user: int = 10
    unanswered_sockets: int = 200
    subscriptions: int = 20
    message_bytes: int = 65_536
    messages_per_second: int = 60
    outgoing_messages: int = 256
    outgoing_bytes: int = 262_144
    init_seconds: float = 5
    ping_seconds: float = 25
    silence_seconds: float = 60
    recheck_seconds: float = 2
    recheck_timeout_seconds: float = 3
    unchecked_seconds: float = 30
    stall_seconds: float = 5
    close_seconds: float = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """Account of a development server that everyone may use."""

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
    demo: DemoAccount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Options of the HTTP server; times are in seconds, sizes in bytes."""

    version: str = "unknown"
    public_url: str = "http://localhost:8000"
    allowed_hosts: tuple[str, ...] = ("*",)
    allowed_origins: tuple[str, ...] = ()
    explorer: ExplorerOptions | None = ExplorerOptions()
    is_introspection_enabled: bool = True
    is_development: bool = False  # all callers may introspect, and pages of this machine may read responses
    limits: QueryLimits = field(default_factory=QueryLimits)
    execution: ExecutionOptions = field(default_factory=ExecutionOptions)
    cost: CostOptions = field(default_factory=CostOptions)
    are_trusted_only: bool = False  # only documents that the operator has added may run
    sockets: SocketOptions = field(default_factory=SocketOptions)
    request_seconds: float = 10
    body_bytes: int = 1_048_576
    larger_bodies: Mapping[str, int] = field(default_factory=dict)  # larger limits of single paths, for uploads
    body_seconds: float = 15
    is_compressed: bool = True  # responses above 1 KB, for clients that accept gzip
    readiness_seconds: float = 1.5
