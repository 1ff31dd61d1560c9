import io
import json
import logging
from collections.abc import Iterator

import pytest

from infra.shared.logs import configure_logging


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(*, is_json: bool, request_id: str | None = None, level: str = "INFO") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(is_json=is_json, level=level, request_id=lambda: request_id, stream=stream)
    return stream


def test_json_records_carry_the_request_id_and_the_facts():
    stream = logged(is_json=True, request_id="abc12345")
    logging.getLogger("api.http").info("GET %s", "/x", extra={"facts": {"status": 200, "ms": 1.5, "level": "x"}})
    entry = json.loads(stream.getvalue())
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "INFO",
        "logger": "api.http",
        "message": "GET /x",
        "request_id": "abc12345",
        "status": 200,
        "ms": 1.5,
    }


def test_json_records_carry_the_traceback_on_the_same_line():
    stream = logged(is_json=True)
    try:
        raise ValueError("a\nb")
    except ValueError:
        logging.getLogger("x").exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["exception"].endswith("ValueError: a\nb")
    assert "request_id" not in json.loads(line)


@pytest.mark.parametrize("is_json", [True, False])
@pytest.mark.parametrize(
    "value", ["\n12:00:00 INFO    forged", "\r", "\x1b[31mred", "\x9b31m", "\x00", "\u202e", "\udc80"]
)
def test_a_logged_value_can_neither_forge_a_line_nor_steer_a_terminal(value: str, is_json: bool):
    stream = logged(is_json=is_json)
    logging.getLogger("x").info("before %s after", value)
    text = stream.getvalue()
    text.encode()
    first, *further = text.rstrip("\n").split("\n")
    assert "before" in first
    assert all(line.startswith("    | ") for line in further)
    assert not set(text) & set("\r\x1b\x9b\x00\u202e")


def test_text_records_are_readable():
    stream = logged(is_json=False, request_id="abc12345")
    logging.getLogger("uvicorn.error").warning("Mail:\n%s", "Hello\nAda")
    first, *further = stream.getvalue().splitlines()
    assert first[8:] == " WARNING uvicorn: Mail:"
    assert further == ["    | Hello", "    | Ada [abc12345]"]


def test_the_level_holds_and_uvicorn_s_access_log_is_off():
    stream = logged(is_json=False, level="WARNING")
    logging.getLogger("x").info("hidden")
    assert stream.getvalue() == ""
    assert not logging.getLogger("uvicorn.access").isEnabledFor(logging.INFO)


def test_configuring_twice_does_not_double_records():
    logged(is_json=False)
    stream = logged(is_json=False)
    logging.getLogger("x").info("once")
    assert len(stream.getvalue().splitlines()) == 1
