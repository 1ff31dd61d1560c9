"""Entry points of an API process: `uvicorn --factory api.main:create`, and functions that serve a socket."""

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter, FastAPI
from uvicorn import Server

from api.app import create_app
from api.graphql.options import CostOptions, ExecutionOptions, QueryLimits
from api.health.watch import HealthWatch
from api.http.options import DemoAccount, ExplorerOptions, HttpOptions, SocketOptions
from api.mailbox.pages import mailbox_router
from api.schema import build_schema, schema
from api.server.connections import BoundedConfig
from api.server.socket_transport import SocketTransport
from api.server.worker_processes import WorkerProcesses
from api.server.worker_sockets import worker_sockets
from api.shared.request_id import known_request_id
from api.shared.slices import ApiSlice
from api.slices import PLATFORM, TRACKER
from api.transfers.routes import FILES_PATH
from api.version import version_text
from domain.app import App
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from infra.bootstrap import SLICES, mailbox, open_app
from infra.parts import SliceAdapters
from infra.settings import Settings, load_settings
from infra.shared.logs import configure_logging
from infra.shared.tasks import end

API_SLICES = (*PLATFORM, *TRACKER)
FACTORY = "api.main:create"
WORKER_CHECK_SECONDS = 30  # uvicorn's default of 5 would kill processes that are merely busy
OBJECTS_BETWEEN_LOOKS = 10_000  # new objects between two collections of reference cycles

_log = logging.getLogger(__name__)


def create() -> FastAPI:
    """The application with the settings of this process's environment."""
    return _serving(load_settings())


def build(
    settings: Settings,
    *,
    is_watched: bool = False,
    adapters: Sequence[SliceAdapters] = SLICES,
    slices: Sequence[ApiSlice] = API_SLICES,
) -> FastAPI:
    """The application of these slices of `infra` and `api`; `is_watched` logs unavailable servers."""
    set_up_logs(settings)
    settings.require("database_url", "redis_url", "secret_key")
    if not (settings.has_mailbox or settings.smtp_url.get_secret_value()):
        _log.warning("Mail cannot be sent because WORKGRAPH_SMTP_URL is not set.")
    opened = partial(_open_watched if is_watched else open_app, settings, adapters, remembers=True)
    built = schema if slices is API_SLICES else build_schema(slices)
    return create_app(opened, http_options(settings), schema=built, routers=routers(settings, slices))


@asynccontextmanager
async def _open_watched(
    settings: Settings, adapters: Sequence[SliceAdapters], *, remembers: bool
) -> AsyncIterator[App]:
    async with open_app(settings, adapters, remembers=remembers) as app:
        watch = asyncio.create_task(HealthWatch(app.health).run())
        try:
            yield app
        finally:
            await end(watch)


def routers(settings: Settings, slices: Sequence[ApiSlice] = API_SLICES) -> list[APIRouter]:
    served = [router for each in slices for router in each.routers]
    return [*served, mailbox_router(mailbox(settings))] if settings.has_mailbox else served


def _serving(settings: Settings) -> FastAPI:
    """The application for a process that does nothing else, with the garbage collector tuned for it."""
    app = build(settings, is_watched=True)
    # The 200,000 objects that exist now stay for good. A full collection over them stopped all requests for 80 ms.
    gc.collect()
    gc.freeze()
    # A list query creates thousands of objects and, once it is compiled, no cycles. With this threshold, collections
    # take at most 35 µs of it instead of 180.
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS)
    return app


def set_up_logs(settings: Settings) -> None:
    configure_logging(is_json=settings.has_json_logs, level=settings.log_level, request_id=known_request_id)


def http_options(settings: Settings) -> HttpOptions:
    return HttpOptions(
        version=version_text(),
        public_url=settings.issuer,
        allowed_hosts=settings.hosts,
        allowed_origins=settings.allowed_origins,
        explorer=_explorer_options(settings),
        is_introspection_enabled=settings.introspection_enabled,
        is_development=settings.is_development,
        limits=query_limits(settings),
        execution=ExecutionOptions(
            is_compiled=settings.execution == "compiled", shadow_one_in=settings.execution_shadow_one_in
        ),
        cost=CostOptions(
            per_hour=settings.graphql_cost_per_hour,
            burst=settings.graphql_cost_burst,
            anonymous_per_hour=settings.graphql_cost_per_hour_anonymous,
            is_shown=settings.graphql_cost_shown,
        ),
        are_trusted_only=settings.documents == "trusted",
        sockets=SocketOptions(
            sockets=settings.socket_limit,
            sockets_per_user=settings.socket_user_limit,
            subscriptions=settings.socket_subscriptions,
            message_bytes=settings.socket_message_bytes,
            init_seconds=settings.socket_init_seconds,
        ),
        request_seconds=settings.request_seconds,
        is_compressed=settings.compression,
        body_bytes=settings.request_body_bytes,
        larger_bodies={FILES_PATH: settings.upload_bytes},
    )


def query_limits(settings: Settings) -> QueryLimits:
    return QueryLimits(
        document_bytes=settings.graphql_document_bytes,
        tokens=settings.graphql_tokens,
        depth=settings.graphql_depth,
        introspection_depth=settings.graphql_introspection_depth,
        aliases=settings.graphql_aliases,
        root_fields=settings.graphql_root_fields,
        fields=settings.graphql_fields,
        list_items=settings.graphql_list_items,
        cost=settings.graphql_cost,
    )


def _explorer_options(settings: Settings) -> ExplorerOptions | None:
    if settings.explorer_access == "off":
        return None
    demo = DemoAccount(email=DEMO_EMAIL, password=DEMO_PASSWORD) if settings.is_development else None
    return ExplorerOptions(
        is_for_members=settings.explorer_access == "members",
        is_development=settings.is_development,
        is_compressed=settings.compression,
        demo=demo,
    )


def serve_listener(listener: socket.socket, settings: Settings | None = None) -> None:
    """Serves in this process until SIGTERM. Running requests may then finish for the shutdown time."""
    settings = settings or load_settings()
    Server(server_config(settings, app=partial(_serving, settings))).run(sockets=[listener])


def serve_with_workers(listener: socket.socket, settings: Settings) -> None:
    """Serves in several processes until SIGTERM, and replaces a process that dies."""
    sockets = worker_sockets(listener, workers=settings.workers)
    WorkerProcesses(server_config(settings, app=FACTORY), sockets).run()


def server_config(settings: Settings, *, app: object) -> BoundedConfig:
    return BoundedConfig(
        app,
        head_seconds=settings.request_head_seconds,
        factory=True,
        workers=settings.workers,
        ws=SocketTransport,
        ws_max_size=settings.socket_message_bytes,
        ws_max_queue=8,
        ws_per_message_deflate=False,
        limit_concurrency=settings.connection_limit,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=WORKER_CHECK_SECONDS,
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        # `AccessLog` logs requests instead of uvicorn.
        access_log=False,
        # `set_up_logs` configures logging.
        log_config=None,
    )
