"""The page at `/docs` shows every REST operation of the OpenAPI document, which matches the server."""

import json
import re
import shlex
import subprocess
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.front.reference import FORM, JSON, Operation, groups_of
from api.main import build
from api.rest.problems import INVALID_REQUEST
from infra.settings import Settings

BASE = "https://tracker.example.org"


@pytest.fixture
def served(settings: Settings) -> FastAPI:
    return build(settings)


@pytest.fixture
async def client(served: FastAPI, database: str, redis_database: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(served)
    async with (
        served.router.lifespan_context(served),
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client,
    ):
        yield client


def operations(served: FastAPI) -> list[Operation]:
    return [each for group in groups_of(served.openapi(), base=BASE) for each in group.operations]


async def test_every_operation_has_its_place_on_the_page(served: FastAPI, client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    found = operations(served)
    documented = {(method.upper(), path) for path, methods in served.openapi()["paths"].items() for method in methods}
    assert {(each.method, each.path) for each in found} == documented
    assert len(found) > 15
    for each in found:
        assert page.count(f'id="{each.anchor}"') == page.count(f'href="#{each.anchor}"') - (each.path == "/auth/token")
        assert f">{each.method} {each.path}" in page
    assert "<code>importStart</code>" in page
    assert "`" not in page
    assert "<script" not in page
    assert " style=" not in page


def test_everything_is_described(served: FastAPI) -> None:
    for each in operations(served):
        assert each.text.endswith("."), each.path
        for field in each.fields:
            assert field.text.endswith("."), (each.path, field)
        for reply in each.replies:
            assert reply.text.endswith((".", "code.")), (each.path, reply)
            assert reply.text != "Successful Response"


async def test_a_token_is_wanted_where_the_page_says_so(served: FastAPI, client: httpx.AsyncClient) -> None:
    for each in operations(served):
        body: dict[str, Any] = {"data": {"token": "x"}} if each.media_type == FORM else {"json": {}}
        answer = await client.request(each.method, each.path, **({} if each.method == "GET" else body))
        challenged = answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")
        assert challenged is each.needs_token, each.path


def sent(operation: Operation) -> tuple[list[str], dict[str, str]]:
    """The headers and the form or JSON that the line of curl sends, as a shell reads it."""
    words = shlex.split(operation.curl.replace("\\\n", " "))
    assert words[0] == "curl"
    headers, form = [], {}
    for option, value in pairwise(words):
        if option == "--header":
            headers.append(value)
        elif option == "--data-urlencode":
            name, _, text = value.partition("=")
            form[name] = text
        elif option == "--data":
            form = json.loads(value)
    assert BASE + operation.path in words
    return headers, form


async def test_the_example_of_a_request_has_its_form(served: FastAPI, client: httpx.AsyncClient) -> None:
    for each in operations(served):
        headers, body = sent(each)
        assert any(header.startswith("Authorization: Bearer ") for header in headers) is each.needs_token
        required = {field.name for field in each.fields if field.is_required}
        assert required <= set(body), each.path
        assert set(body) <= {field.name for field in each.fields}
        if each.media_type == JSON and not each.needs_token:
            answer = await client.post(each.path, json=body)
            assert INVALID_REQUEST not in answer.text, each.path


async def test_a_refusal_has_the_form_that_is_documented(served: FastAPI, client: httpx.AsyncClient) -> None:
    described = served.openapi()["paths"]["/auth/verify"]["post"]["responses"]
    assert set(described) == {"201", "default"}
    [(media_type, content)] = described["default"]["content"].items()
    body = {"token": "wgo_" + "x" * 43, "name": "", "password": "short"}
    for refused in (body, {"name": 5}):
        answer = await client.post("/auth/verify", json=refused)
        problem = answer.json()
        assert answer.headers["content-type"] == media_type
        assert set(content["schema"]["required"]) <= set(problem) <= set(content["schema"]["properties"])
        failure = content["schema"]["properties"]["errors"]["items"]
        for each in problem.get("errors", []):
            assert set(failure["required"]) <= set(each) <= set(failure["properties"])


def test_a_shell_takes_the_examples_as_they_are(served: FastAPI) -> None:
    for each in operations(served):
        checked = subprocess.run(["/bin/sh", "-n", "-c", each.curl], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), each.curl
    assert not [each.curl for each in operations(served) if re.search(r"'[^']*\$", each.curl)], (
        "it would not be filled in"
    )
