"""Fields of `Settings`: names, types, defaults and descriptions, by subject.

Each group inherits from the previous one, so that the table of all settings is in this order.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

Names = Annotated[tuple[str, ...], NoDecode]
Limit = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class ServerSettings(BaseSettings):
    """Addresses, secrets, folders and logs of the process."""

    environment: Literal["dev", "production"] = Field(
        "dev", description="`production` turns on JSON logs and refuses to run without a public URL."
    )
    database_url: SecretStr = Field(
        SecretStr(""), description="PostgreSQL 15 or newer. Empty: `workgraph dev` starts an embedded server."
    )
    redis_url: SecretStr = Field(
        SecretStr(""), description="Redis 6.2 or newer, or Valkey. Empty: `workgraph dev` starts a server."
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="At least 32 random bytes; encrypts signing keys. `workgraph dev` generates its own."
    )
    smtp_url: SecretStr = Field(
        SecretStr(""), description="`smtp://user:password@host:port` or `smtps://`. Empty: dev shows mail at /dev/mail."
    )
    smtp_encryption: Literal["required", "offered", "off"] = Field(
        "required", description="STARTTLS for smtp://. Use `off` only for a local server without a password."
    )
    mail_from: str = Field("workgraph@localhost", description="Sender of all mail, as `Name <address>` or an address.")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on.")
    public_url: str = Field(
        "", description="URL of this server for users; issuer of its tokens. Default: host and port."
    )
    allowed_hosts: Names = Field(
        (), description="Host headers to accept, comma-separated. Default: the public URL's host and loopback."
    )
    allowed_origins: Names = Field(
        (),
        description="Additional browser origins to accept, comma-separated. The public URL is always accepted; "
        "in development, so is every origin of this machine, such as http://localhost:5173.",
    )
    trusted_proxies: Names = Field(
        ("127.0.0.1",), description="Addresses or networks whose X-Forwarded-* headers are trusted."
    )
    workers: Limit = Field(1, description="Number of API processes of `workgraph serve`.")
    connection_limit: Limit = Field(
        1000,
        description="Maximum open connections per API process. Beyond it, the connection that has waited "
        "for its client longest is closed; if all are busy, a new request gets 503.",
    )
    keep_alive_seconds: Limit = Field(5, description="Time after which an idle HTTP connection is closed.")
    request_head_seconds: Seconds = Field(
        10.0, description="Time limit for receiving a request head, and for a client that does not read its response."
    )
    shutdown_seconds: Limit = Field(20, description="Time that requests and jobs have to finish after SIGTERM.")
    compression: bool = Field(
        True, description="Compress responses above 1 KB with gzip for clients that accept it, except secrets."
    )
    introspection_enabled: bool = Field(
        True, description="Allow introspection of the GraphQL schema: by signed-in callers, in development by all."
    )
    explorer: Literal["auto", "on", "members", "off"] = Field(
        "auto",
        description="GraphiQL at /graphql: `on`, `members` (after sign-in only) or `off`. "
        "`auto` is `on` in dev and `members` in production.",
    )

    data_dir: Path = Field(Path(".workgraph"), description="Folder of embedded servers, secrets and files.")
    files_dir: Path | None = Field(None, description="Folder for uploaded files. Default: `files` in the data folder.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="`auto` is JSON in production and text in dev."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Minimum log level.")


class DatabaseSettings(ServerSettings):
    """Connections to the database, and time limits of statements and requests."""

    database_pooler: Literal["none", "transaction"] = Field(
        "none",
        description="`transaction` for PgBouncer in transaction mode: no startup parameters and no named prepared "
        "statements; limits are set in each transaction.",
    )
    database_direct_url: SecretStr = Field(
        SecretStr(""),
        description="Connection to PostgreSQL itself for migrations, and for hearing whose access changes. "
        "Default: the database URL, unless a pooler is in transaction mode.",
    )
    database_read_url: SecretStr = Field(
        SecretStr(""), description="Streaming replica for reads of requests. Default: all reads use the database URL."
    )
    # Four API processes and two workers fit PostgreSQL's default of 100 (docs/how-to/database-connections.md).
    database_pool_size: Limit = Field(9, description="Maximum database connections of a process for reading.")
    database_write_pool_size: Limit = Field(
        5, description="Maximum database connections of a process for transactions that write."
    )
    database_pool_seconds: Seconds = Field(1.0, description="Maximum wait of a read for a database connection.")
    database_write_queue: Limit = Field(
        200, description="Maximum number of writes waiting for a connection; further writes get 503 immediately."
    )
    database_account_queue: Limit = Field(
        50, description="Maximum number of reads of one account waiting for a connection; further reads get 429."
    )
    database_budget_seconds: Seconds = Field(
        60.0, description="Database time that one account can save up for its reads; then its requests get 429."
    )
    database_budget_period_seconds: Seconds = Field(
        600.0, description="Time in which an account regains its database time."
    )
    database_budget_free_seconds: Seconds = Field(
        0.02, description="Database time of each request that is not charged."
    )
    database_statement_seconds: Seconds = Field(5.0, description="Time limit of one SQL statement.")
    database_lock_seconds: Seconds = Field(3.0, description="Time limit for waiting for a row or table lock.")
    request_seconds: Seconds = Field(10.0, description="Time limit of one request.")


class LimitSettings(DatabaseSettings):
    """Limits of requests, operations and sockets."""

    request_body_bytes: Limit = Field(1_048_576, description="Maximum size of a request body.")
    upload_bytes: Limit = Field(104_857_600, description="Maximum size of an uploaded file.")
    graphql_document_bytes: Limit = Field(16_384, description="Maximum size of a GraphQL document.")
    graphql_tokens: Limit = Field(2000, description="Maximum tokens in a document.")
    graphql_depth: Limit = Field(12, description="Maximum nesting of fields.")
    graphql_introspection_depth: Limit = Field(20, description="Maximum nesting under `__schema` and `__type`.")
    graphql_aliases: Limit = Field(30, description="Maximum aliases in an operation.")
    graphql_root_fields: Limit = Field(20, description="Maximum root fields of an operation.")
    graphql_fields: Limit = Field(5000, description="Maximum fields of an operation with its fragments expanded.")
    graphql_list_items: Limit = Field(250, description="Maximum items of one list in the variables or arguments.")
    graphql_cost: Limit = Field(10_000, description="Maximum points that one operation can cost.")
    graphql_cost_per_hour: Limit = Field(250_000, description="Points that a user regains per hour.")
    graphql_cost_burst: Limit = Field(250_000, description="Maximum points that a user or address can accumulate.")
    graphql_cost_per_hour_anonymous: Limit = Field(
        20_000, description="Points that an address regains per hour for requests without a token."
    )
    graphql_cost_shown: bool = Field(True, description="Include `extensions.cost` in responses.")
    documents: Literal["any", "trusted"] = Field(
        "any", description="`trusted` runs only documents added with `workgraph documents add`."
    )
    execution: Literal["compiled", "stock"] = Field(
        "compiled", description="`stock` runs all operations in graphql-core, about ten times slower."
    )
    execution_shadow_one_in: int = Field(
        0, ge=0, description="Run one in this many queries in both executors and log differences. 0: none."
    )

    socket_limit: Limit = Field(1000, description="Maximum WebSocket connections per API process.")
    socket_user_limit: Limit = Field(20, description="Maximum WebSocket connections per user and API process.")
    socket_subscriptions: Limit = Field(20, description="Maximum subscriptions per WebSocket connection.")
    socket_message_bytes: Limit = Field(65_536, description="Maximum size of a WebSocket message.")
    socket_init_seconds: Seconds = Field(5.0, description="Time limit for `connection_init` on a WebSocket.")


class AccountSettings(LimitSettings):
    """Accounts, sign-in and jobs."""

    registration: Literal["open", "invited"] = Field(
        "open", description="Rule for sign-up: open to anyone, or only to people with an invitation to a workspace."
    )
    # The password is the only factor of a sign-in, so the default is what NIST SP 800-63B asks for without a second.
    password_characters: int = Field(15, ge=8, le=64, description="Minimum length of a password.")
    access_token_minutes: int = Field(10, ge=1, le=15, description="Lifetime of an access token.")
    refresh_token_days: int = Field(30, ge=1, le=365, description="Lifetime of an unused refresh token.")
    session_days: int = Field(90, ge=1, le=365, description="Maximum lifetime of a session, including refreshes.")
    session_memory_seconds: float = Field(
        5.0,
        ge=0,
        le=5,
        description="Time for which an API process remembers who sends a token and the roles, so that queries need not "
        "read them. The process forgets when they change. 0: read them for each request.",
    )
    security_log_days: int = Field(400, ge=1, le=36_500, description="Retention of security log entries.")
    change_log_days: int = Field(
        0, ge=0, le=36_500, description="Retention of events in the change logs of workspaces. 0: no limit."
    )
    worker_concurrency: int = Field(
        10, ge=2, description="Concurrent jobs per worker. Imports use at most half of these slots."
    )
    job_lease_seconds: Seconds = Field(
        30.0, description="A job whose worker sends no heartbeat for this long is retried."
    )
    job_poll_seconds: Seconds = Field(5.0, description="Interval of polling for due jobs while Redis is unavailable.")
