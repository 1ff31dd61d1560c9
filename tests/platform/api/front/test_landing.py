"""The landing page at `/`: links to the entry points that are on, and no others."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from importlib.metadata import version
from typing import Any

import httpx
import pytest
from graphql import parse, validate

from api.front.landing import ENTRY_POINTS
from api.graphql.runner import graphql_schema
from api.main import build
from api.schema import schema
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from infra.settings import Settings

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PRODUCTION = {"environment": "production", "public_url": "https://tracker.example.org", "mailbox": "off"}


@asynccontextmanager
async def browsing(settings: Settings, **values: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings.replaced(**values)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build(settings)), base_url=settings.issuer) as client:
        yield client


async def test_the_landing_page_links_to_every_entry_point_in_development(settings: Settings) -> None:
    async with browsing(settings) as client:
        page = await client.get("/", headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>\n<span>', page.text)
    assert links == [(entry.path, entry.name) for entry in ENTRY_POINTS]
    assert f"Version {version('workgraph')}." in page.text


async def test_the_landing_page_omits_entry_points_that_are_off(settings: Settings) -> None:
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
    assert list(content["entryPoints"]) == [entry.path for entry in ENTRY_POINTS]
    assert "Accept" in answer.headers["vary"]


async def test_the_landing_page_runs_only_its_own_script(settings: Settings) -> None:
    async with browsing(settings) as client:
        page = await client.get("/", headers=PAGE)
        loaded = re.findall(r'(?:src|rel="[^"]+"(?: type="[^"]+")? href)="([^"]*)"', page.text)
        assert loaded == ["/health.js", "/favicon.svg", "/look.css"]
        for path, kind in zip(loaded, ("text/javascript", "image/svg+xml", "text/css"), strict=True):
            assert (await client.get(path)).headers["content-type"].partition(";")[0] == kind
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert " style=" not in page.text


async def test_a_development_server_names_its_demo_account_and_shows_a_query(settings: Settings) -> None:
    async with browsing(settings, port=8123) as client:
        page = await client.get("/", headers=PAGE)
    assert f"<code>{DEMO_EMAIL}</code> with the password <code>{DEMO_PASSWORD}</code>" in page.text
    shown = {name: unescape(text) for name, text in re.findall(r'<pre id="(\w+)">(.*?)</pre>', page.text, re.DOTALL)}
    assert validate(graphql_schema(schema), parse(shown["query"])) == []
    assert json.loads(shown["answer"])["data"]["workspace"]["name"] == "Acme"
    reading = ["/bin/sh", "-n", "-c", shown["command"]]
    checked = await asyncio.to_thread(subprocess.run, reading, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert shown["command"].count("http://localhost:8123/") == 2


async def test_no_other_server_does(settings: Settings) -> None:
    for values in (PRODUCTION, {"public_url": "https://tracker.example.org"}):
        async with browsing(settings, **values) as client:
            page = (await client.get("/", headers=PAGE)).text
            assert DEMO_PASSWORD not in page
            assert "<pre" not in page


@pytest.mark.parametrize(
    "path", ["/nowhere", "/graphiql/nowhere.js", "/dev/mail/nothing", "/auth/%3Cscript%3Ealert(1)"]
)
async def test_a_browser_gets_a_page_where_nothing_is(settings: Settings, path: str) -> None:
    async with browsing(settings) as client:
        page = await client.get(path, headers=PAGE)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert re.findall(r'<a href="([^"]*)">', page.text) == ["/", "/graphiql", "/docs"]
        assert "alert" not in page.text
        assert "Accept" in page.headers["vary"]
        assert page.headers["content-security-policy"].startswith("default-src 'none'; ")
        program = await client.get(path)
        assert (program.status_code, program.headers["content-type"]) == (404, "application/problem+json")
        sent = await client.post("/nowhere", headers=PAGE)
        assert (sent.status_code, sent.headers["content-type"]) == (404, "application/problem+json")


async def test_the_page_where_nothing_is_leads_to_nothing_that_is_not_served(settings: Settings) -> None:
    async with browsing(settings, explorer="off") as client:
        page = await client.get("/nowhere", headers=PAGE)
        assert (page.status_code, "<a " in page.text) == (404, False)
