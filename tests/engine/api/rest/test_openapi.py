"""The OpenAPI document is suitable for client generation."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.main import build
from infra.settings import Settings

OPERATIONS = {
    "changePassword",
    "confirmEmailChange",
    "createToken",
    "deactivateAccount",
    "deleteAccount",
    "getEmailConfirmationPage",
    "getForgottenPasswordPage",
    "getLiveness",
    "getPasswordResetPage",
    "getReadiness",
    "getRegistrationPage",
    "getServerMetadata",
    "getSigningKeys",
    "getVerificationPage",
    "getViewer",
    "introspectToken",
    "register",
    "requestEmailChange",
    "requestPasswordReset",
    "resetPassword",
    "revokeToken",
    "uploadImportFile",
    "verifyRegistration",
}
"""Generated clients have methods of these names: a new operation adds one, and none is changed or removed."""


@pytest.fixture
def served(settings: Settings) -> FastAPI:
    return build(settings)


def operations(served: FastAPI) -> dict[str, dict[str, Any]]:
    paths = served.openapi()["paths"]
    found = [(path, operation) for path, methods in paths.items() for operation in methods.values()]
    named = {operation["operationId"]: operation | {"path": path} for path, operation in found}
    assert len(named) == len(found), "two operations of one name"
    return named


def test_names_of_operations_stay(served: FastAPI) -> None:
    assert set(operations(served)) == OPERATIONS


def test_answers_without_a_body_declare_none(served: FastAPI) -> None:
    empty = [
        (name, status)
        for name, operation in operations(served).items()
        for status, answer in operation["responses"].items()
        if status != "default" and not answer.get("content")
    ]
    assert sorted(empty) == [
        ("changePassword", "204"),
        ("deactivateAccount", "204"),
        ("deleteAccount", "204"),
        ("register", "202"),
        ("requestEmailChange", "202"),
        ("requestPasswordReset", "202"),
        ("resetPassword", "204"),
        ("revokeToken", "200"),
    ]


def test_answers_with_a_body_have_a_schema_that_their_example_fits(served: FastAPI) -> None:
    for name, operation in operations(served).items():
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json")
            if content is None:
                continue
            assert content["schema"]["type"] == "object", (name, status)
            assert set(content["schema"]["required"]) <= set(content["example"]), (name, status)
            assert set(content["example"]) <= set(content["schema"]["properties"]), (name, status)


async def test_pages_beside_a_post_are_declared(served: FastAPI) -> None:
    transport = httpx.ASGITransport(served)
    pages = [each for name, each in operations(served).items() if name.endswith("Page")]
    assert len(pages) == 5
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        for page in pages:
            assert list(page["responses"]["200"]["content"]) == ["text/html"]
            assert [parameter["name"] for parameter in page["parameters"]] == ["token"]
            for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
                answer = await client.request(method, page["path"])
                assert answer.status_code == 405
                assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}, "of both routes of the path"


@pytest.mark.parametrize("body", [b"\x00", b"[", b'"text"', b"[1]"])
async def test_a_refusal_of_what_is_no_object_has_the_form_of_others(served: FastAPI, body: bytes) -> None:
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        served.state.app = None  # nothing of it is asked
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/auth/password/reset", content=body, headers=headers)
    assert answer.status_code == 422
    for error in answer.json()["errors"]:
        assert all(isinstance(part, str) for part in error["path"])
        assert not error["detail"].startswith("Value error")


async def test_a_rule_of_the_whole_body_has_a_readable_message(served: FastAPI) -> None:
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        served.state.app = None
        answer = await client.post("/auth/register", json={"email": "you@example.org", "password": "x"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"].startswith("`name`, `password`")


def test_constraints_are_in_the_schemas(served: FastAPI) -> None:
    schemas = served.openapi()["components"]["schemas"]
    for name in ("EmailChangeBody", "ForgottenBody", "RegistrationInput"):
        email = schemas[name]["properties"]["email"]
        assert (email["format"], email["maxLength"]) == ("email", 254)
    bare, invited = schemas["RegistrationInput"]["anyOf"]
    assert set(bare["properties"]) == {"invitationToken", "name", "password", "timeZone"}
    assert invited["required"] == ["invitationToken"]
    form = operations(served)["revokeToken"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert (form["properties"]["token"]["minLength"], form["maxProperties"]) == (1, 20)
