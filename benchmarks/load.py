"""Load from wrk, and the results that wrk reports."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.failures import BenchmarkError
from benchmarks.operations import ID_MARK, TITLE_MARK

GRACE_SECONDS = 30.0
MARK = "RESULT "

_SCRIPT = """wrk.method = {method}
wrk.body = {body}
{headers}
{requests}
function done(summary, latency, requests)
  io.write(string.format(
    '{mark}{{"requests":%d,"micros":%d,"bytes":%d,"status":%d,"transport":%d,"p50":%d,"p99":%d}}\\n',
    summary.requests, summary.duration, summary.bytes, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""
_VARYING = """local issues = {issues}
local number = 0
function request()
  number = number + 1
  local body = wrk.body:gsub({id_mark}, issues[number % #issues + 1]):gsub({title_mark}, {title} .. number)
  return wrk.format(nil, nil, nil, body)
end"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """HTTP request in the form that one server of the comparison expects."""

    method: str
    path: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """Result of a load run; `errors` counts answers of status 400 or above and failed connections."""

    requests: int
    seconds: float
    bytes: int
    errors: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def require_wrk() -> None:
    if shutil.which("wrk") is None:
        raise BenchmarkError("wrk, which makes the load, is missing. On Debian and Ubuntu: apt install wrk")


def wrk_version() -> str:
    told = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False)  # noqa: S607
    return told.stdout.split()[1] if told.stdout else "unknown"


def run_load(
    port: int, request: Request, *, connections: int, seconds: float, issues: Sequence[str] = (), title: str = ""
) -> LoadResult:
    """Sends load with wrk for `seconds`. Writes cycle through `issues`, with titles that begin with `title`."""
    with tempfile.TemporaryDirectory(prefix="workgraph-bench-") as folder:
        script = Path(folder) / "request.lua"
        script.write_text(lua_script(request, issues=issues, title=title))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        done = subprocess.run(  # noqa: S603
            [*command, "-s", str(script), f"http://127.0.0.1:{port}{request.path}"],
            capture_output=True,
            text=True,
            timeout=seconds + GRACE_SECONDS,
            check=False,
        )
    if done.returncode:
        raise BenchmarkError(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
    return parsed_result(done.stdout)


def parsed_result(output: str) -> LoadResult:
    """Result that our script appends to wrk's output; raises BenchmarkError if it is missing or empty."""
    line = next((line for line in output.splitlines() if line.startswith(MARK)), None)
    if line is None:
        raise BenchmarkError(f"wrk did not come to its end:\n{output.strip()}")
    said = json.loads(line.removeprefix(MARK))
    if not said["requests"]:
        raise BenchmarkError("Not one request was answered.")
    return LoadResult(
        requests=said["requests"],
        seconds=said["micros"] / 1e6,
        bytes=said["bytes"],
        errors=said["status"] + said["transport"],
        p50_ms=said["p50"] / 1e3,
        p99_ms=said["p99"] / 1e3,
    )


def lua_script(request: Request, *, issues: Sequence[str], title: str) -> str:
    headers = (f"wrk.headers[{_lua(name)}] = {_lua(value)}" for name, value in request.headers.items())
    varying = _VARYING.format(
        issues="{" + ", ".join(map(_lua, issues)) + "}",
        id_mark=_lua(ID_MARK),
        title_mark=_lua(TITLE_MARK),
        title=_lua(title),
    )
    return _SCRIPT.format(
        method=_lua(request.method),
        body=_lua(request.body) if request.body else "nil",
        headers="\n".join(headers),
        requests=varying if ID_MARK in request.body else "",
        mark=MARK,
    )


def _lua(text: str) -> str:
    """A Lua string; bytes that could mean something are escaped by their number."""
    plain = (chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\' else f"\\{byte:03}" for byte in text.encode())
    return '"' + "".join(plain) + '"'
