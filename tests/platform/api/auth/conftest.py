from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from api.accounts.routes import router as account_router
from api.auth.routes import router
from api.http.body import BodyGuard, BodyRule
from api.http.reaper import Reaper
from api.rest.problems import install_problem_handlers
from tests.identity import Identity, open_identity


@pytest.fixture
async def identity(database: str) -> AsyncIterator[Identity]:
    async with open_identity(database) as identity:
        yield identity


@pytest.fixture
async def client(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the REST half of identity as the server mounts it."""
    served = FastAPI()
    served.state.app = identity
    served.state.served_paths = {"/graphiql"}
    served.include_router(router)
    served.include_router(account_router)
    served.add_middleware(BodyGuard, rule=BodyRule(reaper=Reaper(), most_bytes=1_048_576, seconds=5, larger={}))
    install_problem_handlers(served)
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url="http://tracker.example.org") as client:
        yield client
