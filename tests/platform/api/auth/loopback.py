"""The whole application on a port of its own, with one person who can sign in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.main import build
from domain.accounts.commands import Registration
from domain.shared.actor import Actor
from infra.settings import Settings
from tests.e2e.loopback import new_listener, served
from tests.factories.accounts import PASSWORD

ANN = "ann@example.org"


@asynccontextmanager
async def identity_provider(settings: Settings) -> AsyncIterator[str]:
    """The issuer, which is the address of the server; Ann has an account."""
    listener = new_listener()
    app = build(settings.model_copy(update={"port": listener.getsockname()[1], "host": "127.0.0.1"}))
    async with served(app, listener) as address:
        registration = Registration(email=ANN, name="Ann", password=PASSWORD)
        await app.state.app.accounts.create(Actor.system(), registration)
        yield address
