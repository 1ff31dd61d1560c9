"""The ASGI application: routes, and the middleware layers around them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import strawberry
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.routes import signed_in
from api.explorer.pages import explorer_routes
from api.front.landing import landing_routes
from api.front.look import look_routes
from api.front.missing import install_missing_page
from api.front.reference import reference_route
from api.front.schema_file import schema_route
from api.graphql.admission import Admission
from api.graphql.documents import DocumentCache
from api.graphql.runner import OperationRunner, graphql_schema
from api.graphql.spending import Meter
from api.graphql.trusted import TrustedDocuments
from api.health.probes import health_router
from api.http.access_log import AccessLog, ErrorBoundary
from api.http.body import BodyGuard, BodyRule
from api.http.compression import Compression
from api.http.direct import DirectGraphQL
from api.http.endpoint import EXPLORER_PATH, GraphQLEndpoint
from api.http.instruments import takes_part
from api.http.options import HttpOptions
from api.http.origins import CrossOrigin, Origins
from api.http.reaper import Reaper
from api.http.security_headers import SecurityHeaders
from api.rest.openapi import operation_id
from api.rest.problems import MEDIA_TYPE as PROBLEM_TYPE
from api.rest.problems import SCHEMA as PROBLEM_SCHEMA
from api.rest.problems import install_problem_handlers
from api.sockets.endpoint import graphql_sockets
from domain.app import App

GRAPHQL_PATH = "/graphql"
TAGS: list[dict[str, Any]] = [
    {"name": "auth", "description": "Sign-in and accounts"},
    {"name": "accounts", "description": "Accounts"},
    {"name": "imports", "description": "Files"},
    {"name": "health", "description": "Health"},
]
REFUSALS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Error response with problem details (RFC 9457): a code, and the reason for each field.",
        "content": {PROBLEM_TYPE: {"schema": PROBLEM_SCHEMA}},
    }
}

OpenApp = Callable[[], AbstractAsyncContextManager[App]]


def create_app(
    open_app: OpenApp, options: HttpOptions, *, schema: strawberry.Schema, routers: Sequence[APIRouter]
) -> FastAPI:
    """The ASGI application; `routers` are the REST routes of the slices.

    The application of `open_app` is opened and closed with the server; REST routes find it as `app.state.app`.
    """
    body_rule = _body_rule(options)
    origins = Origins(options.allowed_origins, is_development=options.is_development)
    graphql = _GraphQL(open_app, options, schema, body_rule, is_varying=bool(origins))
    app = _Application(
        title="Workgraph",
        version=options.version,
        openapi_tags=TAGS,
        lifespan=graphql.lifespan,
        middleware=[*_layers(options, body_rule, origins), Middleware(_Shortcut, path=GRAPHQL_PATH, served=graphql)],
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=operation_id,
    )
    # `_Shortcut` answers this path before routing. The routes exist so that /graphql/ is redirected to it.
    app.router.routes.insert(0, Route(GRAPHQL_PATH, graphql, include_in_schema=False))
    app.router.routes.insert(1, WebSocketRoute(GRAPHQL_PATH, graphql))
    for router in routers:
        app.include_router(router, responses=REFUSALS)
    health = health_router(seconds=options.readiness_seconds)
    app.include_router(health)
    app.router.routes.extend(look_routes())
    app.router.routes.extend(_schema_routes(schema, options))
    if options.explorer is not None:
        app.router.routes.extend(
            explorer_routes(EXPLORER_PATH, options.explorer, are_trusted_only=options.are_trusted_only)
        )
        app.router.routes.append(reference_route(app.openapi, base=options.public_url))
        app.router.routes.extend(landing_routes(_paths(app, health, *routers), options))
    app.state.served_paths = _paths(app, health, *routers)
    install_problem_handlers(app)
    install_missing_page(app, app.state.served_paths)
    return app


def _schema_routes(schema: strawberry.Schema, options: HttpOptions) -> list[Route]:
    if not options.is_introspection_enabled or options.are_trusted_only:
        return []
    is_open, is_compressed = options.is_development, options.is_compressed
    return [schema_route(GRAPHQL_PATH, graphql_schema(schema), signed_in, is_open=is_open, is_compressed=is_compressed)]


def _paths(*served: FastAPI | APIRouter) -> set[str]:
    """Paths that are served without parameters. A FastAPI application does not list routes of included routers."""
    return {route.path for each in served for route in each.routes if isinstance(route, Route)}


def _body_rule(options: HttpOptions) -> BodyRule:
    return BodyRule(
        reaper=Reaper(),
        most_bytes=options.body_bytes,
        seconds=options.body_seconds,
        larger=options.larger_bodies,
    )


def _layers(options: HttpOptions, body_rule: BodyRule, origins: Origins) -> list[Middleware]:
    """Middleware layers, outermost first."""
    layers = [Middleware(AccessLog), Middleware(SecurityHeaders)]
    if origins:
        layers.append(Middleware(CrossOrigin, origins=origins))
    layers += [
        # Inside the layers above, so that a 500 response has their headers: pages of allowed origins can read it, and
        # no page can frame it.
        Middleware(ErrorBoundary),
        Middleware(TrustedHostMiddleware, allowed_hosts=options.allowed_hosts, www_redirect=False),
        Middleware(BodyGuard, rule=body_rule),
    ]
    return [*layers, Middleware(Compression)] if options.is_compressed else layers


class _Application(FastAPI):
    """FastAPI whose usual requests to `/graphql` pass one layer in place of its stack and the middleware."""

    direct: ASGIApp | None = None

    def __init__(self, *, middleware: Sequence[Middleware], **options: Any) -> None:
        super().__init__(middleware=middleware, **options)
        self.own_layers = tuple(middleware)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.direct is not None and scope["type"] == "http" and scope["path"] == GRAPHQL_PATH:
            await self.direct(scope, receive, send)
        else:
            await self.layers(scope, receive, send)

    async def layers(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves any request or socket through the middleware."""
        await super().__call__(scope, receive, send)


class _Shortcut:
    """ASGI middleware that serves the busiest path without matching all other routes first."""

    def __init__(self, app: ASGIApp, *, path: str, served: ASGIApp) -> None:
        self._app = app
        self._path = path
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        served = self._served if scope.get("path") == self._path else self._app
        await served(scope, receive, send)


class _GraphQL:
    """The GraphQL endpoint for HTTP and WebSockets, available while the application is open."""

    def __init__(
        self,
        open_app: OpenApp,
        options: HttpOptions,
        schema: strawberry.Schema,
        body_rule: BodyRule,
        *,
        is_varying: bool,
    ) -> None:
        self._open_app = open_app
        self._options = options
        self._schema = schema
        self._body_rule = body_rule
        self._is_varying = is_varying
        self._http: ASGIApp | None = None
        self._sockets: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        served = self._http if scope["type"] == "http" else self._sockets
        assert served is not None, "The application is used outside of its lifespan."
        await served(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self, served: FastAPI) -> AsyncIterator[None]:
        options = self._options
        async with self._open_app() as app:
            served.state.app = app
            runner = OperationRunner(
                self._schema, options.execution, hides_suggestions=not options.is_introspection_enabled
            )
            documents = DocumentCache(
                graphql_schema(self._schema), options.limits, is_introspection_enabled=options.is_introspection_enabled
            )
            trusted = TrustedDocuments(app.documents, are_trusted_only=options.are_trusted_only)
            meter = Meter(app.budget, app.time_budget, app.usage, options.cost, most_points=options.limits.cost)
            admission = Admission(runner, documents, trusted, meter, is_introspection_open=options.is_development)
            self._http = endpoint = GraphQLEndpoint(admission, app, options, self._body_rule.reaper)
            self._sockets = sockets = graphql_sockets(app, runner, admission, meter, options)
            if isinstance(served, _Application) and not takes_part(served, served.own_layers):
                served.direct = self._direct(endpoint, served)
            try:
                yield
            finally:
                # Close sockets before the application, whose connections their operations use.
                await sockets.registry.close_all(within=options.sockets.close_seconds)
                await runner.close()

    def _direct(self, endpoint: GraphQLEndpoint, served: _Application) -> ASGIApp:
        return DirectGraphQL(
            endpoint,
            self._body_rule,
            served.layers,
            allowed_hosts=self._options.allowed_hosts,
            is_varying=self._is_varying,
            is_compressed=self._options.is_compressed,
        )
