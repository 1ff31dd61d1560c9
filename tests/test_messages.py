import httpx
import pytest
from starlette.responses import JSONResponse

from tests.messages import check, faults


@pytest.mark.parametrize(
    "message",
    [
        "start_date must not be empty.",
        "Field of type 'Maybe[str]' cannot be explicitly set to null.",
        "wrapped_cls",
        "Value <class 'str'>",
        "See domain.issues.model",
        "'NoneType' has no len()",
        "Whoever sent this is not known.",
        "This link is good no more.",
        "You are not logged in.",
    ],
)
def test_names_of_the_code_and_odd_phrases_are_found(message: str):
    assert faults(message, "") != []


@pytest.mark.parametrize(
    "message",
    [
        "`startDate` must not be empty.",
        "Expected an issue ID (`iss_…`).",
        "grant_type is missing.",
        "`priority` must not be null. Leave it out to keep its value.",
    ],
)
def test_names_that_clients_know_are_not(message: str):
    assert faults(message, "") == []


def test_messages_may_repeat_input_of_the_client():
    check(["Cannot query field 'my_field'."], "{ my_field }")


@pytest.mark.parametrize("answer", [{"detail": "due_date is wrong."}, {"errors": [{"message": "due_date is wrong."}]}])
async def test_answers_over_http_are_watched(answer: dict[str, object]):
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(JSONResponse(answer, 422)), base_url="http://test"
    ) as client:
        with pytest.raises(AssertionError, match="not plain"):
            await client.get("/")
        assert (await client.get("/", params={"sort": "due_date"})).status_code == 422
