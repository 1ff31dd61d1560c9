"""Settings that the benchmark passes to a server, and the uvicorn configuration of all Python servers."""

import sys
from pathlib import Path
from typing import Any

import orjson
import uvicorn

PRELOADED, LOADERS, BATCHES = "preloaded", "loaders", "batches"


def told() -> dict[str, Any]:
    """Settings from the file of JSON that the first argument names."""
    found: dict[str, Any] = orjson.loads(Path(sys.argv[1]).read_bytes())
    return found


def style() -> str:
    """Style in which the server resolves relations, from the second argument."""
    return sys.argv[2]


def run(app: Any, port: int) -> None:
    config = uvicorn.Config(app, host="127.0.0.1", port=port, http="httptools", access_log=False, log_level="warning")
    uvicorn.Server(config).run()
