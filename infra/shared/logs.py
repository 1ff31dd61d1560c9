"""One format for all log records, including those of libraries: JSON for machines or lines for people."""

import json
import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TextIO

import orjson

from infra.shared.log_lines import LineHandler

QUIET = {"uvicorn.access": logging.WARNING, "alembic.runtime": logging.WARNING}
# Characters that could end a line, move the cursor or color a terminal. Newlines are handled separately.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
CONTINUATION = "\n    | "


def configure_logging(
    *,
    is_json: bool,
    level: str,
    request_id: Callable[[], str | None] = lambda: None,
    stream: TextIO | None = None,
) -> None:
    """Sends every record to the standard error stream; `request_id` returns the ID of the current request."""
    handler = (JsonHandler if is_json else TextHandler)(stream or sys.stderr, request_id)
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(capture=True)


class JsonFormatter(logging.Formatter):
    """One JSON object per line; `extra={"facts": {...}}` adds members."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if getattr(record, "request_id", None):
            entry["request_id"] = getattr(record, "request_id", None)
        for name, value in getattr(record, "facts", {}).items():
            entry.setdefault(name, value)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _ascii_json(entry)


class TextFormatter(logging.Formatter):
    """Lines that start with the time. Further lines of a record are indented, so that none can imitate a record."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        name = record.name.removesuffix(".error") if record.name == "uvicorn.error" else record.name
        line = f"{_moment(record).astimezone():%H:%M:%S} {record.levelname:<7} {name}: {escaped(text)}"
        request_id = getattr(record, "request_id", None)
        return f"{line} [{request_id}]" if request_id else line


class TextHandler(LineHandler):
    """Writes records as lines for people."""

    def __init__(self, stream: TextIO, request_id: Callable[[], str | None]) -> None:
        super().__init__(stream)
        self.setFormatter(TextFormatter())
        self.addFilter(_request_id_filter(request_id))


class JsonHandler(LineHandler):
    """Writes records as JSON objects; frequent ones can be written without a record."""

    def __init__(self, stream: TextIO, request_id: Callable[[], str | None]) -> None:
        super().__init__(stream)
        self._own = (JsonFormatter(), _request_id_filter(request_id))
        self.setFormatter(self._own[0])
        self.addFilter(self._own[1])
        self._request_id = request_id
        self._second = 0
        self._second_text = ""

    def emit_facts(self, level: int, logger: str, message: str, facts: Mapping[str, object]) -> bool:
        """Writes the line that a record with these facts would become, at the end of this turn of the event loop.

        Returns False if the handler was given another level, formatter or filter, which need a record.
        """
        formatter, own_filter = self._own
        if self.level > level or self.formatter is not formatter or self.filters != [own_filter]:
            return False
        entry: dict[str, object] = {
            "time": self._now(),
            "level": logging.getLevelName(level),
            "logger": logger,
            "message": message,
        }
        request_id = self._request_id()
        if request_id:
            entry["request_id"] = request_id
        # A fact takes neither the place nor the value of a member with its name.
        self.hold(_json_line({**entry, **facts, **entry}))
        return True

    def _now(self) -> str:
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._second_text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{int((now - second) * 1000):03d}Z"


def _request_id_filter(request_id: Callable[[], str | None]) -> Callable[[logging.LogRecord], bool]:
    def add(record: logging.LogRecord) -> bool:
        record.request_id = request_id()
        return True

    return add


def _json_line(entry: Mapping[str, object]) -> bytes:
    try:
        line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a value that is no JSON, or a lone surrogate
        line = b""
    is_plain = line.isascii() and b"\x7f" not in line
    return line if line and is_plain else f"{_ascii_json(entry)}\n".encode()


def _ascii_json(entry: Mapping[str, object]) -> str:
    # ASCII only: a lone surrogate in a message could not be encoded in UTF-8. orjson escapes neither the control
    # characters beyond ASCII nor DEL, which could steer a terminal.
    return json.dumps(entry, default=str, separators=(",", ":"))


def escaped(text: str) -> str:
    """The text with its control characters made visible."""
    visible = CONTROL.sub(lambda found: ascii(found.group())[1:-1], text.rstrip("\n"))
    return visible.replace("\n", CONTINUATION).encode(errors="backslashreplace").decode()


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
