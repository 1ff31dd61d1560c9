"""All layers of usual requests to `/graphql` in one. Programs send such requests: they have no `Origin`."""

import time
from collections.abc import Mapping, Sequence

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.access_log import begin_access, internal_problem, log_access
from api.http.body import BodyRule
from api.http.compression import compressed
from api.http.endpoint import GraphQLEndpoint
from api.http.negotiation import with_vary
from api.http.origins import VARYING
from api.http.security_headers import with_security

MOST_HOSTS = 100


class DirectGraphQL:
    """ASGI application that serves usual requests as the middleware layers would, by the same rules.

    Usual requests have no `Origin`, an allowed host, and each header field once. `layers` serves all others.
    """

    def __init__(
        self,
        endpoint: GraphQLEndpoint,
        body_rule: BodyRule,
        layers: ASGIApp,
        *,
        allowed_hosts: Sequence[str],
        is_varying: bool,
        is_compressed: bool,
    ) -> None:
        """`is_varying`: responses to pages of allowed origins differ, which caches have to know."""
        self._endpoint = endpoint
        self._body_rule = body_rule
        self._layers = layers
        self._allowed_hosts = allowed_hosts
        self._hosts: set[bytes] = set()
        self._is_varying = is_varying
        self._is_compressed = is_compressed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = scope["headers"]
        headers = dict(fields)
        host = headers.get(b"host")
        if b"origin" in headers or len(headers) != len(fields) or host is None:
            await self._layers(scope, receive, send)
        elif host in self._hosts or await self._is_allowed(host, scope):
            await self._serve(scope, receive, send, headers)
        else:
            await self._layers(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes]) -> None:
        request_id = begin_access(headers.get(b"x-request-id"))
        started = time.perf_counter()
        status = 0
        try:
            try:
                reply = await self._reply(scope, receive, headers)
                if reply is None:
                    return
                start, body = reply
                self._complete(start, request_id)
                status = start["status"]
                await send(start)
                await send(body)
            except Exception as error:  # noqa: BLE001  logged, like all unexpected errors
                problem = internal_problem(error)
                if status:
                    return  # the response has begun
                start = {"type": "http.response.start", "status": problem.status_code, "headers": problem.raw_headers}
                self._complete(start, request_id)
                status = start["status"]
                await send(start)
                await send({"type": "http.response.body", "body": problem.body})
        finally:
            log_access(scope, status, (time.perf_counter() - started) * 1000)

    async def _reply(
        self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]
    ) -> tuple[Message, Message] | None:
        body = self._body_rule.body(scope, receive)
        reply = await self._endpoint.reply(scope, body.receive, headers)
        return await compressed(scope, *reply) if reply is not None and self._is_compressed else reply

    def _complete(self, start: Message, request_id: bytes) -> None:
        """Adds the headers of all responses."""
        headers = with_vary(start["headers"], VARYING) if self._is_varying else start["headers"]
        headers = with_security(headers)
        headers.append((b"x-request-id", request_id))
        start["headers"] = headers

    async def _is_allowed(self, host: bytes, scope: Scope) -> bool:
        """Asks Starlette's layer once per host."""
        is_allowed = False

        async def reach(*_: object) -> None:
            nonlocal is_allowed
            is_allowed = True

        async def ignore(_: object) -> None:
            pass

        layer = TrustedHostMiddleware(reach, allowed_hosts=self._allowed_hosts, www_redirect=False)
        await layer(scope, _nothing, ignore)
        # Any name matches a pattern such as *.example.org, so the set is bounded.
        if is_allowed and len(self._hosts) < MOST_HOSTS:
            self._hosts.add(host)
        return is_allowed


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
