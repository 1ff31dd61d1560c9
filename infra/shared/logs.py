"""One format for all log records, including those of libraries: JSON for machines or lines for people."""

import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

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
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if is_json else TextFormatter())
    handler.addFilter(_request_id_filter(request_id))
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(capture=True)


def _request_id_filter(request_id: Callable[[], str | None]) -> Callable[[logging.LogRecord], bool]:
    def add(record: logging.LogRecord) -> bool:
        record.request_id = request_id()
        return True

    return add


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
        # ASCII only, because a lone surrogate in a message could not be encoded in UTF-8.
        return json.dumps(entry, default=str)


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


def escaped(text: str) -> str:
    """The text with its control characters made visible."""
    visible = CONTROL.sub(lambda found: ascii(found.group())[1:-1], text.rstrip("\n"))
    return visible.replace("\n", CONTINUATION).encode(errors="backslashreplace").decode()


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
