"""The lifetime of one socket, from the accepted handshake to its close."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence, Set
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.types import Receive, Send

from api.http.options import SocketOptions
from api.shared.context import Context
from api.sockets.limits import MessageRate, SocketRegistry
from api.sockets.outbox import Outbox
from api.sockets.protocol import (
    ACK,
    PING,
    PONG,
    CloseCode,
    Complete,
    ConnectionInit,
    Ending,
    Ping,
    Subscribe,
    bearer_token,
    complete_message,
    error_message,
    next_message,
    parse,
)
from domain.app import App
from domain.shared.actor import Actor, ClientInfo
from domain.shared.errors import Unauthenticated, Unavailable

logger = logging.getLogger(__name__)


class OperationFailed(Exception):
    """An operation that ends with an `error` message; `errors` are formatted for clients."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("; ".join(str(error.get("message")) for error in errors))
        self.errors = errors


class SocketOperations(Protocol):
    def run(self, request: Subscribe, context: Context) -> AsyncGenerator[Mapping[str, Any], None]:
        """Results of the operation as GraphQL responses, one per event; raises OperationFailed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketServices:
    """Services that all sockets of a process share."""

    app: App
    operations: SocketOperations
    registry: SocketRegistry
    options: SocketOptions


@dataclass(slots=True, eq=False)
class _Running:
    """An operation that has started and is not finished."""

    context: Context
    task: asyncio.Task[None] | None = None


class SocketSession:
    """Reads, answers and closes one socket. No task is left when `run` returns."""

    def __init__(self, services: SocketServices, receive: Receive, send: Send, *, client: ClientInfo) -> None:
        self._services = services
        self._client = client
        self._options = services.options
        self._receive = receive
        self._send = send
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self._ended: asyncio.Future[Ending | None] = loop.create_future()
        self._outbox = Outbox(
            messages=self._options.outgoing_messages,
            size=self._options.outgoing_bytes,
            stall_seconds=self._options.stall_seconds,
            on_stalled=lambda: self.end(Ending(CloseCode.SLOW_CONSUMER, "Too slow: resume from your last revision")),
        )
        self._rate = MessageRate(self._options.messages_per_second, now=self._now)
        self._heard_at = self._now()
        self._actor: Actor | None = None
        self._operations: dict[str, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._operation_tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        """Serves the socket until either side closes it. Closing takes at most three times `close_seconds`."""
        timeout = Ending(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")
        self._after("init", self._options.init_seconds, self.end, timeout)
        self._keep(asyncio.create_task(self._read()), self._tasks)
        self._keep(asyncio.create_task(self._write()), self._tasks)
        try:
            ending = await self._ended
            self._cancel_all()
            await self._wait_for(self._tasks)
            if ending is not None:
                await self._say_goodbye(ending)
        finally:
            self._cancel_all()
            await self._wait_for(self._tasks | self._operation_tasks)

    def end(self, ending: Ending | None) -> None:
        """Starts to close the socket; None if the peer is gone. Only the first call counts."""
        if not self._ended.done():
            self._ended.set_result(ending)

    async def _read(self) -> None:
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                self.end(None)
                return
            self._heard_at = self._now()
            await self._handle(event.get("text"))

    async def _write(self) -> None:
        while True:
            message = await self._outbox.take()
            try:
                await self._send({"type": "websocket.send", "text": message.decode()})
            except OSError:  # ASGI servers raise OSError when the peer is gone
                self.end(None)
                return

    async def _handle(self, text: str | None) -> None:
        if not self._rate.take():
            raise Ending(CloseCode.TOO_MANY, "Too many messages per second")
        if text is None:
            raise Ending(CloseCode.BAD_REQUEST, "Message is not text")
        most = self._options.message_bytes
        # Encode the text only if its number of bytes can exceed its number of characters.
        if len(text) > most or (not text.isascii() and len(text.encode(errors="surrogatepass")) > most):
            raise Ending(CloseCode.MESSAGE_TOO_BIG, f"Message has more than {most} bytes")
        message = parse(text)
        if isinstance(message, ConnectionInit):
            await self._sign_in(message)
        elif isinstance(message, Subscribe):
            self._subscribe(message)
        elif isinstance(message, Complete):
            self._cancel(message.id)
        elif isinstance(message, Ping):
            await self._outbox.put(PONG)

    async def _sign_in(self, message: ConnectionInit) -> None:
        if self._actor is not None:
            raise Ending(CloseCode.TOO_MANY, "Too many initialisation requests")
        token = bearer_token(message.payload)
        if token is None:
            raise Ending(CloseCode.UNAUTHORIZED, "Unauthorized")
        try:
            actor = (await self._services.app.auth.authenticate(token, client=self._client)).without_request_data()
            user_id = actor.signed_in_id
        except Unauthenticated as error:
            raise Ending(CloseCode.UNAUTHORIZED, "Unauthorized") from error
        except Unavailable as error:
            raise Ending(CloseCode.TRY_AGAIN_LATER, "Service is unavailable") from error
        self._services.registry.admit(self, user_id=user_id)
        self._timers.pop("init").cancel()
        self._actor = actor
        await self._outbox.put(ACK)
        self._keep(asyncio.create_task(self._watch(actor)), self._tasks)
        self._after("beat", self._options.ping_seconds, self._beat)

    def _subscribe(self, message: Subscribe) -> None:
        if self._actor is None:
            raise Ending(CloseCode.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise Ending(CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        # Canceled operations count until their tasks end. Otherwise a client could start and cancel them without limit.
        if len(self._operation_tasks) >= self._options.subscriptions:
            raise Ending(CloseCode.TOO_MANY, f"More than {self._options.subscriptions} operations at once")
        running = _Running(Context(app=self._services.app, actor=self._actor))
        self._operations[message.id] = running
        running.task = asyncio.create_task(self._operate(message, running))
        self._keep(running.task, self._operation_tasks)

    async def _operate(self, message: Subscribe, running: _Running) -> None:
        try:
            try:
                async with aclosing(self._services.operations.run(message, running.context)) as results:
                    async for result in results:
                        await self._outbox.put(next_message(message.id, result))
            except OperationFailed as failure:
                await self._outbox.put(error_message(message.id, failure.errors))
            else:
                await self._outbox.put(complete_message(message.id))
        finally:
            # After the client's `complete`, another operation may already use the ID.
            if self._operations.get(message.id) is running:
                del self._operations[message.id]

    def _cancel(self, id: str) -> None:
        running = self._operations.pop(id, None)
        if running is not None and running.task is not None:
            running.task.cancel()

    async def _watch(self, actor: Actor) -> None:
        """Closes the socket when its token or session ends, and updates the roles of running operations."""
        checked_at = self._now()
        while True:
            # A session can end before its access token expires, so check it at intervals.
            await asyncio.sleep(min(self._options.recheck_seconds, self._lifetime(actor)))
            if not self._lifetime(actor):
                raise Ending(CloseCode.UNAUTHORIZED, "Token expired")
            try:
                async with asyncio.timeout(min(self._options.recheck_timeout_seconds, self._lifetime(actor))):
                    actor = await self._services.app.auth.reload_actor(actor)
            except Unauthenticated as error:
                raise Ending(CloseCode.UNAUTHORIZED, "Session ended") from error
            # A short outage of the database must not close all sockets.
            except (Unavailable, TimeoutError) as error:
                if self._now() - checked_at >= self._options.unchecked_seconds:
                    raise Ending(CloseCode.TRY_AGAIN_LATER, "Session could not be checked") from error
                continue
            checked_at = self._now()
            self._actor = actor
            for running in self._operations.values():
                running.context.actor = actor

    def _lifetime(self, actor: Actor) -> float:
        """Seconds until the token expires, at least 0."""
        if actor.expires_at is None:
            return float("inf")
        return max(0.0, (actor.expires_at - self._services.app.clock.now()).total_seconds())

    def _beat(self) -> None:
        silence = self._now() - self._heard_at
        if silence >= self._options.silence_seconds:
            self.end(Ending(CloseCode.SILENT_PEER, "No answer to pings"))
            return
        # A ping is dropped if the queue is full: the client then has enough to answer.
        self._outbox.offer(PING)
        self._after("beat", min(self._options.ping_seconds, self._options.silence_seconds - silence), self._beat)

    async def _say_goodbye(self, ending: Ending) -> None:
        # A peer that reads nothing gets no close frame; the server then drops the connection.
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._options.close_seconds):
                await self._send({"type": "websocket.close", "code": int(ending.code), "reason": ending.reason})

    def _after(self, name: str, seconds: float, call: Callable[..., None], *arguments: Any) -> None:
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, call, *arguments)

    def _keep(self, task: asyncio.Task[None], tasks: set[asyncio.Task[None]]) -> None:
        tasks.add(task)
        task.add_done_callback(lambda done: self._finished(done, tasks))

    def _finished(self, task: asyncio.Task[None], tasks: set[asyncio.Task[None]]) -> None:
        tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Ending):
            self.end(error)
        elif error is not None:
            logger.error("A WebSocket connection ended with an error.", exc_info=error)
            self.end(Ending(CloseCode.INTERNAL_ERROR, "Internal error"))

    def _cancel_all(self) -> None:
        self._outbox.close()
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks | self._operation_tasks:
            if not task.cancelling():  # a second cancel would interrupt the cleanup that the first one started
                task.cancel()

    async def _wait_for(self, tasks: Set[asyncio.Task[None]]) -> None:
        if tasks:
            _, left = await asyncio.wait(set(tasks), timeout=self._options.close_seconds)
            if left:
                logger.error("%d tasks of a WebSocket connection did not stop when canceled.", len(left))
