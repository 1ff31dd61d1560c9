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
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ('{"type":"ping"} x', "not valid JSON"),
        ('{"type":"pi\ud800ng"}', "not valid JSON"),
        ('{"type":"ping","payload":{"a":"\\ud800"}}', "not valid JSON"),
        ('{"type":"ping","payload":NaN}', "not valid JSON"),
        ("[" * 30_000, "not valid JSON"),
        ("[" * 1_000 + "]" * 1_000, "not an object"),
        ('{"type":"ping","payload":' + '{"a":' * 80 + "1" + "}" * 81, "too deeply"),
        ("[]", "not an object"),
        ("null", "not an object"),
        ('"ping"', "not an object"),
        ("1", "not an object"),
        ("{}", "unknown type"),
        ('{"type":null}', "unknown type"),
        ('{"type":{}}', "unknown type"),
        ('{"type":["ping"]}', "unknown type"),
        ('{"type":"Ping"}', "unknown type"),
        ('{"type":"start","id":"1","payload":{}}', "unknown type"),
        ('{"type":"connection_ack"}', "unknown type"),
        ('{"type":"next","id":"1","payload":{}}', "unknown type"),
        ('{"type":"connection_init","payload":[]}', "`payload` must be"),
        ('{"type":"connection_init","payload":"token"}', "`payload` must be"),
        ('{"type":"ping","payload":1}', "`payload` must be"),
        ('{"type":"pong","payload":"x"}', "`payload` must be"),
        ('{"type":"complete"}', "`id` must be"),
        ('{"type":"complete","id":{}}', "`id` must be"),
        ('{"type":"subscribe","id":1,"payload":{"query":"{a}"}}', "`id` must be"),
        ('{"type":"subscribe","id":"","payload":{"query":"{a}"}}', "`id` must be"),
        ('{"type":"complete","id":"' + "x" * 257 + '"}', "`id` must be"),
        ('{"type":"subscribe","id":"1"}', "needs a `payload`"),
        ('{"type":"subscribe","id":"1","payload":[]}', "needs a `payload`"),
        (subscribe(), "needs a `query`"),
        (subscribe(query=None), "needs a `query`"),
        (subscribe(query={"a": 1}), "needs a `query`"),
        (subscribe(query="{a}", variables=[]), "`variables` must be"),
        (subscribe(query="{a}", variables="{}"), "`variables` must be"),
        (subscribe(query="{a}", operationName=1), "`operationName` must be"),
        (subscribe(query="{a}", extensions=[]), "`extensions` must be"),
    ],
)
def test_refuses_everything_else_with_4400(text: str, reason: str) -> None:
    with pytest.raises(Ending) as refused:
        parse(text)
    assert (refused.value.code, reason in refused.value.reason) == (4400, True)


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
