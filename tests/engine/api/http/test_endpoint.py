import asyncio
import logging
from typing import Any

import httpx
import pytest

from domain.shared.errors import Unavailable
from tests import api_defaults
from tests.engine.api.http.http_world import BEARER, NEW, OLD, SECRET, World, ask, build, running
from tests.patience import PATIENCE


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


async def test_a_query_is_answered_in_the_wanted_form(client: httpx.AsyncClient, world: World) -> None:
    for accept in (NEW, OLD):
        response = await ask(client, "{viewer item{name}}", accept=accept)
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
        assert response.json() == {"data": {"viewer": "usr_ada", "item": {"name": "a"}}}
    assert (world.scopes, world.open_scopes) == (2, 0)


async def test_a_slash_too_many_leads_to_the_endpoint(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql/", headers=BEARER, json={"query": "{viewer}"}, follow_redirects=True)
    assert (response.json(), response.url.path) == ({"data": {"viewer": "usr_ada"}}, "/graphql")


async def test_variables_and_operation_names_are_used(client: httpx.AsyncClient) -> None:
    query = "query A($n:String!){item(name:$n){name}} query B{viewer}"
    response = await ask(client, query, operationName="A", variables={"n": "x"}, extensions=None)
    assert response.json() == {"data": {"item": {"name": "x"}}}
    assert (await ask(client, "{viewer}", operationName="")).json() == {"data": {"viewer": "usr_ada"}}


@pytest.mark.parametrize(
    ("query", "members", "code"),
    [
        ("{", {}, "SYNTAX_ERROR"),
        ("{nothing}", {}, "VALIDATION_ERROR"),
        ("query($n:Int!){form(form:{title:$n})}", {}, "VALIDATION_ERROR"),
        ("query($n:String!){item(name:$n){name}}", {"variables": {"n": 1}}, "INVALID_INPUT"),
        ("query($n:String!){item(name:$n){name}}", {}, "INVALID_INPUT"),
        ("query A{viewer} query B{viewer}", {}, "OPERATION_UNCLEAR"),
        ("query A{viewer}", {"operationName": "B"}, "OPERATION_UNKNOWN"),
        ("{" + "__typename " * 21 + "}", {}, "ROOT_FIELDS_LIMIT"),
        ("query($n:[Int!]!){numbers(numbers:$n)}", {"variables": {"n": [1] * 251}}, "LIST_ITEMS_LIMIT"),
        ("subscription{ticks}", {}, "SUBSCRIPTION_OVER_HTTP"),
    ],
)
async def test_request_errors_have_a_status_after_the_media_type(
    client: httpx.AsyncClient, world: World, query: str, members: dict[str, Any], code: str
) -> None:
    for accept, status in ((NEW, 400), (OLD, 200)):
        response = await ask(client, query, accept=accept, **members)
        assert response.status_code == status
        assert response.headers["content-type"].startswith(accept)
        assert "data" not in response.json()
        assert codes(response) == [code]
    assert world.changes == 0


@pytest.mark.parametrize("variables", [{}, {"n": None}])
async def test_an_empty_choice_is_the_clients_mistake(client: httpx.AsyncClient, variables: dict[str, Any]) -> None:
    response = await ask(client, "query($n:Int){choice(by:{byNumber:$n})}", variables=variables)
    assert codes(response) == ["INVALID_INPUT"]
    response = await ask(client, "query($by:Choice!){choice(by:$by)}", variables={"by": {}})
    assert (response.status_code, codes(response)) == (400, ["INVALID_INPUT"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b"1", 400),
        (b'"text"', 400),
        (b"[]", 400),
        (b'[{"query":"{viewer}"}]', 400),
        (b"{}", 400),
        (b'{"query":1}', 400),
        (b'{"query":null}', 400),
        (b'{"query":""}', 400),
        (b'{"query":"{viewer}","variables":[]}', 400),
        (b'{"query":"{viewer}","variables":"{}"}', 400),
        (b'{"query":"{viewer}","operationName":1}', 400),
        (b'{"query":"{viewer}","extensions":1}', 400),
        (b'{"query":"{viewer}"', 400),
        (b'{"query":"\\ud800"}', 400),
        (b'{"query":"\xff"}', 400),
        (b'\xef\xbb\xbf{"query":"{viewer}"}', 400),
        (b'{"query":"{viewer}","variables":{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}}", 400),
        (b'{"query":"{viewer}","variables":{"a":' + b"9" * 5_000 + b"}}", 400),
        (b'{"query":"{viewer}","variables":{"a":123456789012345678901234567890}}', 200),
        (b'{"query":"{viewer}","variables":{"a":1e999}}', 400),
        (b'{"query":"{viewer}","variables":{"a":NaN}}', 400),
    ],
)
async def test_malformed_bodies_are_refused(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    for accept in (NEW, OLD):
        headers = {**BEARER, "Accept": accept, "Content-Type": "application/json"}
        response = await client.post("/graphql", content=body, headers=headers)
        assert response.status_code == status, response.text
        if status == 400:
            assert codes(response) == ["BAD_REQUEST"]
            assert "data" not in response.json()


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON; charset="UTF-8"', 200),
        ("application/json; charset=utf-16", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("application/graphql", 415),
        ("", 415),
    ],
)
async def test_only_json_is_accepted(client: httpx.AsyncClient, world: World, content_type: str, status: int) -> None:
    headers = {**BEARER, "Content-Type": content_type}
    response = await client.post("/graphql", content=b'{"query":"mutation{change}"}', headers=headers)
    assert response.status_code == status
    assert world.changes == (1 if status == 200 else 0)


async def test_queries_may_be_sent_with_get_and_mutations_may_not(client: httpx.AsyncClient, world: World) -> None:
    parameters = {"query": "query($n:String!){item(name:$n){name}}", "variables": '{"n":"x"}', "extensions": ""}
    response = await client.get("/graphql", params=parameters, headers=BEARER)
    assert response.json() == {"data": {"item": {"name": "x"}}}
    response = await client.get("/graphql", params={"query": "mutation{change}"}, headers=BEARER)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert world.changes == 0


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=",
        "query={viewer}&query={viewer}",
        "query={viewer}&variables=1",
        "query={viewer}&variables={",
        "query=%ff",
        "query={viewer}&" + "&".join(f"a{n}=1" for n in range(20)),
    ],
)
async def test_malformed_query_strings_are_refused(client: httpx.AsyncClient, query_string: str) -> None:
    response = await client.get("/graphql?" + query_string, headers=BEARER)
    assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql", headers=BEARER)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


async def test_a_browser_is_shown_the_explorer(world: World) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    async with running(world, api_defaults.http()) as client:
        response = await client.get("/graphql", headers={"Accept": accept})
        assert (response.status_code, response.headers["location"]) == (303, "/graphiql")
    async with running(world, api_defaults.http(explorer=None)) as plain:
        assert (await plain.get("/graphql", headers={"Accept": accept})).status_code == 400
        assert (await plain.get("/graphiql")).status_code == 404
        assert (await plain.get("/")).status_code == 404


async def test_an_unacceptable_answer_is_not_computed(client: httpx.AsyncClient, world: World) -> None:
    response = await ask(client, "mutation{change}", accept="image/png")
    assert (response.status_code, codes(response), world.changes) == (406, ["NOT_ACCEPTABLE"], 0)


async def test_strangers_may_ask_for_public_fields_only(client: httpx.AsyncClient, world: World) -> None:
    response = await client.post("/graphql", json={"query": "{__typename}"})
    assert response.json() == {"data": {"__typename": "Query"}}
    for query in ("{viewer}", "{nothing}", "{__schema{queryType{name}}}", "mutation{change}"):
        response = await client.post("/graphql", json={"query": query}, headers={"Accept": NEW})
        assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])
        assert response.headers["www-authenticate"] == 'Bearer realm="workgraph"'
    assert (world.changes, world.auth.asked) == (0, [])


@pytest.mark.parametrize(
    "value", ["Bearer wrong", "Bearer", "Bearer ", "bearer  ", "Bearer ü", "Bearer " + "x" * 5_000, "Bearerx token"]
)
async def test_wrong_tokens_are_refused(client: httpx.AsyncClient, world: World, value: str) -> None:
    for query in ("{__typename}", "mutation{change}", "{"):
        headers = [("Authorization", value.encode())]
        response = await client.post("/graphql", json={"query": query}, headers=headers)
        assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])
        assert response.headers["www-authenticate"] == 'Bearer realm="workgraph", error="invalid_token"'
    assert world.changes == 0


async def test_two_tokens_are_refused(client: httpx.AsyncClient) -> None:
    headers = [("Authorization", BEARER["Authorization"]), ("Authorization", "Bearer other")]
    response = await client.post("/graphql", json={"query": "{viewer}"}, headers=headers)
    assert response.status_code == 401


async def test_a_token_in_the_query_string_is_ignored(client: httpx.AsyncClient, world: World) -> None:
    token = BEARER["Authorization"].removeprefix("Bearer ")
    response = await client.post(f"/graphql?access_token={token}", json={"query": "{viewer}"})
    assert (response.status_code, world.auth.asked) == (401, [])


async def test_other_schemes_are_no_token(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{__typename}"}, headers={"Authorization": "Basic YTpi"})
    assert response.status_code == 200


async def test_when_tokens_cannot_be_checked_the_client_is_asked_to_retry(
    client: httpx.AsyncClient, world: World
) -> None:
    world.auth.failure = Unavailable("The database is away.")
    for accept in (NEW, OLD):
        response = await ask(client, "{viewer}", accept=accept)
        assert (response.status_code, codes(response), response.headers["retry-after"]) == (503, ["UNAVAILABLE"], "1")


async def test_domain_errors_have_code_and_path(client: httpx.AsyncClient) -> None:
    response = await ask(client, '{a:failing(how:"not found") b:failing(how:"input") c:failing(how:"rejected")}')
    assert response.status_code == 200
    assert response.json()["data"] == {"a": None, "b": None, "c": None}
    assert [(error["message"], error["path"], error["extensions"]) for error in response.json()["errors"]] == [
        ("There is no such thing.", ["a"], {"code": "NOT_FOUND"}),
        ("first must be at most 100.", ["b"], {"code": "INVALID_INPUT", "inputPath": ["firstPage"]}),
        ("One.", ["c"], {"code": "INVALID_INPUT", "inputPath": ["one"]}),
        ("Two.", ["c"], {"code": "INVALID_INPUT", "inputPath": ["two"]}),
    ]


async def test_an_unavailable_service_is_a_503_unless_something_was_changed(
    client: httpx.AsyncClient, world: World
) -> None:
    for accept in (NEW, OLD):
        response = await ask(client, '{viewer failing(how:"unavailable")}', accept=accept)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert response.json()["data"] == {"viewer": "usr_ada", "failing": None}
    response = await ask(client, "mutation{change failing}")
    assert (response.status_code, codes(response), world.changes) == (200, ["UNAVAILABLE"], 1)


async def test_a_crowded_account_gets_a_429_unless_something_was_changed(
    client: httpx.AsyncClient, world: World
) -> None:
    for accept in (NEW, OLD):
        response = await ask(client, '{viewer failing(how:"crowded")}', accept=accept)
        assert (response.status_code, response.headers["retry-after"]) == (429, "3")
        (error,) = response.json()["errors"]
        assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 3}
    response = await ask(client, "mutation{change crowded}")
    assert (response.status_code, codes(response), world.changes) == (200, ["RATE_LIMITED"], 1)


async def test_several_mutations_are_no_503_when_one_of_them_is_unavailable(
    client: httpx.AsyncClient, world: World
) -> None:
    """`data` is null, and still the first of them was committed."""
    response = await ask(client, "mutation { change failingWhole }")
    assert (response.status_code, response.json()["data"], world.changes) == (200, None, 1)
    assert "retry-after" not in response.headers
    response = await ask(client, "mutation { ...Both } fragment Both on Mutation { change failingWhole }")
    assert (response.status_code, world.changes) == (200, 2)
    response = await ask(client, "mutation { failingWhole }")
    assert (response.status_code, response.headers["retry-after"], world.changes) == (503, "1", 2)


async def test_unexpected_errors_are_masked_and_logged_once(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    query = '{a:failing(how:"bug") maybeItem{required} b:maybeItem{nothing}}'
    with caplog.at_level(logging.ERROR):
        response = await client.post(
            "/graphql", json={"query": query}, headers={**BEARER, "Accept": NEW, "X-Request-Id": "trace-of-this-1"}
        )
    assert response.status_code == 200
    assert SECRET not in response.text
    extensions = {"code": "INTERNAL", "traceId": "trace-of-this-1"}
    assert [(error["message"], error["extensions"]) for error in response.json()["errors"]] == [
        ("Internal error.", extensions)
    ] * 3
    (record,) = caplog.records
    assert "trace-of-this-1" in record.getMessage()
    assert record.exc_info is not None
    assert SECRET in str(record.exc_info[1])


async def test_a_failure_outside_of_resolvers_is_masked_and_logged_once(
    client: httpx.AsyncClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.auth.failure = RuntimeError(SECRET)
    with caplog.at_level(logging.ERROR):
        response = await ask(client, "{viewer}")
    assert (response.status_code, codes(response)) == (500, ["INTERNAL"])
    assert SECRET not in response.text
    assert len(caplog.records) == 1


async def test_an_operation_that_takes_too_long_is_ended(world: World) -> None:
    async with running(world, api_defaults.http(request_seconds=0.1)) as client:
        for accept in (NEW, OLD):
            response = await ask(client, "{endless}", accept=accept)
            assert (response.status_code, codes(response)) == (503, ["TIMEOUT"])
            assert world.canceled.is_set()
            assert world.open_scopes == 0


async def test_work_ends_when_the_client_leaves(world: World) -> None:
    app = build(world)
    sent: list[Any] = []
    left = asyncio.Event()
    messages = [{"type": "http.request", "body": b'{"query":"{endless}"}', "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"test"),
            (b"content-type", b"application/json"),
            (b"authorization", BEARER["Authorization"].encode()),
        ],
    }
    async with app.router.lifespan_context(app), asyncio.timeout(PATIENCE):
        request = asyncio.create_task(app(scope, receive, send))
        await world.started.wait()
        assert not world.canceled.is_set()
        left.set()
        await request
    assert world.canceled.is_set()
    assert (sent, world.open_scopes) == ([], 0)


async def test_hints_at_names_are_given_only_while_the_schema_is_open(client: httpx.AsyncClient, world: World) -> None:
    assert "Did you mean" in (await ask(client, "{viewr}")).text
    async with running(world, api_defaults.http(is_introspection_enabled=False)) as closed:
        for query, variables in (
            ("{viewr}", {}),
            ("query($form:Form!){form(form:$form)}", {"form": {"titel": "x"}}),
            ("{__schema{queryType{name}}}", {}),
        ):
            response = await ask(closed, query, variables=variables)
            assert response.status_code == 400
            assert "Did you mean" not in response.text


async def test_answers_are_not_stored_sniffed_or_framed(client: httpx.AsyncClient) -> None:
    for response in (await ask(client, "{viewer}"), await client.get("/nothing"), await client.get("/livez")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


async def test_named_origins_are_allowed(world: World) -> None:
    async with running(world, api_defaults.http(allowed_origins=("https://app.example.org",))) as client:
        headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        allowed = await client.options("/graphql", headers={**headers, "Origin": "https://app.example.org"})
        assert allowed.headers["access-control-allow-origin"] == "https://app.example.org"
        assert "access-control-allow-credentials" not in allowed.headers
        refused = await client.options("/graphql", headers={**headers, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("is_development", [True, False])
async def test_a_refused_origin_is_logged_once_in_development(
    world: World, caplog: pytest.LogCaptureFixture, is_development: bool
) -> None:
    evil = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    others = [
        {"Origin": origin} for origin in ("http://test", "http://localhost:3000", "https://app.example.org", "null")
    ]
    options = api_defaults.http(allowed_origins=("https://app.example.org",), is_development=is_development)
    async with running(world, options) as client:
        for headers in (evil, evil, *others, *others):
            await client.options("/graphql", headers=headers)
            await client.post("/graphql", json={"query": "{__typename}"}, headers=headers)
        for number in range(200):
            await client.get("/livez", headers={"Origin": f"https://{number}.example"})
    lines = [record.getMessage() for record in caplog.records if record.name == "api.http.origins"]
    refused = "Refused a request from the origin %r. To allow this origin, add it to WORKGRAPH_ALLOWED_ORIGINS."
    assert lines[:2] == ([refused % "https://evil.example", refused % "null"] if is_development else [])
    assert len(lines) == (100 if is_development else 0)
