import orjson
import pytest

from api.sockets.protocol import (
    Complete,
    ConnectionInit,
    Ending,
    Ping,
    Pong,
    Subscribe,
    bearer_token,
    error_message,
    next_message,
    parse,
)


def subscribe(**payload: object) -> str:
    return orjson.dumps({"type": "subscribe", "id": "1", "payload": payload}).decode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type":"connection_init"}', ConnectionInit(payload={})),
        ('{"type":"connection_init","payload":null}', ConnectionInit(payload={})),
        ('{"type":"connection_init","payload":{"a":1}}', ConnectionInit(payload={"a": 1})),
        ('{"type":"ping"}', Ping()),
        ('{"type":"ping","payload":{"at":1}}', Ping()),
        ('{"type":"pong","payload":null}', Pong()),
        ('{"type":"complete","id":"1"}', Complete(id="1")),
        (subscribe(query="{a}"), Subscribe(id="1", query="{a}", variables=None, operation_name=None)),
        (
            subscribe(query="{a}", variables={"b": [1]}, operationName="c", extensions={}),
            Subscribe(id="1", query="{a}", variables={"b": [1]}, operation_name="c"),
        ),
        (
            subscribe(query="", variables=None, operationName=None, extensions=None),
            Subscribe(id="1", query="", variables=None, operation_name=None),
        ),
    ],
)
def test_parses_what_the_protocol_names(text: str, message: object) -> None:
    assert parse(text) == message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Message is not valid JSON"),
        ("{", "Message is not valid JSON"),
        ('{"type":"ping"} x', "Message is not valid JSON"),
        ('{"type":"pi\ud800ng"}', "Message is not valid JSON"),
        ('{"type":"ping","payload":{"a":"\\ud800"}}', "Message is not valid JSON"),
        ('{"type":"ping","payload":NaN}', "Message is not valid JSON"),
        ("[" * 30_000, "Message is not valid JSON"),
        ("[" * 1_000 + "]" * 1_000, "Message is not an object"),
        ('{"type":"ping","payload":' + '{"a":' * 80 + "1" + "}" * 81, "Message is nested too deeply"),
        ("[]", "Message is not an object"),
        ("null", "Message is not an object"),
        ('"ping"', "Message is not an object"),
        ("1", "Message is not an object"),
        ("{}", "Message has an unknown type"),
        ('{"type":null}', "Message has an unknown type"),
        ('{"type":{}}', "Message has an unknown type"),
        ('{"type":["ping"]}', "Message has an unknown type"),
        ('{"type":"Ping"}', "Message has an unknown type"),
        ('{"type":"start","id":"1","payload":{}}', "Message has an unknown type"),
        ('{"type":"connection_ack"}', "Message has an unknown type"),
        ('{"type":"next","id":"1","payload":{}}', "Message has an unknown type"),
        ('{"type":"connection_init","payload":[]}', "payload must be an object"),
        ('{"type":"connection_init","payload":"token"}', "payload must be an object"),
        ('{"type":"ping","payload":1}', "payload must be an object"),
        ('{"type":"pong","payload":"x"}', "payload must be an object"),
        ('{"type":"complete"}', "id must be a string of 1 to 256 characters"),
        ('{"type":"complete","id":{}}', "id must be a string of 1 to 256 characters"),
        ('{"type":"subscribe","id":1,"payload":{"query":"{a}"}}', "id must be a string of 1 to 256 characters"),
        ('{"type":"subscribe","id":"","payload":{"query":"{a}"}}', "id must be a string of 1 to 256 characters"),
        ('{"type":"complete","id":"' + "x" * 257 + '"}', "id must be a string of 1 to 256 characters"),
        ('{"type":"subscribe","id":"1"}', "subscribe needs a payload object"),
        ('{"type":"subscribe","id":"1","payload":[]}', "subscribe needs a payload object"),
        (subscribe(), "subscribe needs a query string"),
        (subscribe(query=None), "subscribe needs a query string"),
        (subscribe(query={"a": 1}), "subscribe needs a query string"),
        (subscribe(query="{a}", variables=[]), "variables must be an object"),
        (subscribe(query="{a}", variables="{}"), "variables must be an object"),
        (subscribe(query="{a}", operationName=1), "operationName must be a string"),
        (subscribe(query="{a}", extensions=[]), "extensions must be an object"),
    ],
)
def test_refuses_everything_else_with_4400(text: str, reason: str) -> None:
    with pytest.raises(Ending) as refused:
        parse(text)
    assert (refused.value.code, refused.value.reason) == (4400, reason)


@pytest.mark.parametrize(
    ("payload", "token"),
    [
        ({"Authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer abc"}, "abc"),
        ({"AUTHORIZATION": "BEARER  abc "}, "abc"),
        ({"token": "abc"}, "abc"),
        ({}, None),
        ({"token": ""}, None),
        ({"token": 1}, None),
        ({"Authorization": "abc"}, None),
        ({"Authorization": "Basic abc"}, None),
        ({"Authorization": "Bearer"}, None),
        ({"Authorization": "Bearer "}, None),
        ({"Authorization": ["Bearer abc"]}, None),
        ({"Authorization": None, "token": "abc"}, None),
        ({"Authorization": "Bearer abc", "authorization": "Bearer def"}, None),
    ],
)
def test_finds_the_token(payload: dict[str, object], token: str | None) -> None:
    assert bearer_token(payload) == token


def test_a_reason_fits_into_a_close_frame() -> None:
    ending = Ending(4409, "é" * 100)
    assert ending.reason == "é" * 61


def test_writes_messages() -> None:
    assert next_message("1", {"data": {"a": None}}) == b'{"id":"1","type":"next","payload":{"data":{"a":null}}}'
    assert error_message("1", [{"message": "No."}]) == b'{"id":"1","type":"error","payload":[{"message":"No."}]}'
