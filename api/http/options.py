"""Options of the HTTP side of the API, filled from the settings by the entry point.

Settings have their defaults in `infra/setting_groups.py` only; a field with a default here has no setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from api.graphql.options import CostOptions, ExecutionOptions, QueryLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketOptions:
    """Limits of WebSocket connections, per process; times are in seconds."""

    sockets: int
    sockets_per_user: int
    subscriptions: int
    message_bytes: int
    init_seconds: float
    unanswered_sockets: int = 200
    messages_per_second: int = 60
    outgoing_messages: int = 256
    outgoing_bytes: int = 262_144
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

    is_for_members: bool
    is_development: bool
    is_compressed: bool
    demo: DemoAccount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Options of the HTTP server; times are in seconds, sizes in bytes."""

    version: str
    public_url: str
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    explorer: ExplorerOptions | None
    is_introspection_enabled: bool
    is_development: bool  # all callers may introspect, and pages of this machine may read responses
    limits: QueryLimits
    execution: ExecutionOptions
    cost: CostOptions
    are_trusted_only: bool  # only documents that the operator has added may run
    sockets: SocketOptions
    request_seconds: float
    body_bytes: int
    larger_bodies: Mapping[str, int]  # larger limits of single paths, for uploads
    is_compressed: bool  # responses above 1 KB, for clients that accept gzip
    body_seconds: float = 15
    readiness_seconds: float = 1.5
