"""The page at `/`: the doors that there are, and no others."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import httpx
import pytest

from api.front.landing import DOORS
from api.main import build
from infra.settings import Settings

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PRODUCTION = {"environment": "production", "public_url": "https://tracker.example.org", "mailbox": "off"}


@asynccontextmanager
async def browsing(settings: Settings, **values: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings.replaced(**values)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build(settings)), base_url=settings.issuer) as client:
        yield client


async def test_it_leads_to_every_door_of_a_developers_server(settings: Settings) -> None:
    async with browsing(settings) as client:
        page = await client.get("/", headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>\n<span>', page.text)
    assert links == [(door.path, door.name) for door in DOORS]
    assert f"version {version('workgraph')}" in page.text


async def test_it_names_no_door_that_is_shut(settings: Settings) -> None:
    async with browsing(settings, **PRODUCTION) as client:
        page = await client.get("/", headers=PAGE)
        assert (page.status_code, "/graphql" in page.text, "/dev/mail" in page.text) == (200, True, False)
        assert (await client.get("/docs")).status_code == 200
    async with browsing(settings, explorer="off") as client:
        for path in ("/", "/docs"):
            assert (await client.get(path, headers=PAGE)).status_code == 404
        assert (await client.get("/look.css")).status_code == 200, "the pages of mailed links want it"


@pytest.mark.parametrize("accept", [None, "application/json", "*/*"])
async def test_programs_get_the_doors_as_json(settings: Settings, accept: str | None) -> None:
    async with browsing(settings) as client:
        answer = await client.get("/", headers={"Accept": accept} if accept else {})
    content = answer.json()
    assert (content["name"], content["version"]) == ("Workgraph", version("workgraph"))
    assert list(content["doors"]) == [door.path for door in DOORS]
    assert "Accept" in answer.headers["vary"]


async def test_it_runs_its_own_script_and_nothing_else(settings: Settings) -> None:
    async with browsing(settings) as client:
        page = await client.get("/", headers=PAGE)
        loaded = re.findall(r'(?:src|rel="stylesheet" href)="([^"]*)"', page.text)
        assert loaded == ["/health.js", "/look.css"]
        for path, kind in zip(loaded, ("text/javascript", "text/css"), strict=True):
            assert (await client.get(path)).headers["content-type"] == f"{kind}; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert " style=" not in page.text
