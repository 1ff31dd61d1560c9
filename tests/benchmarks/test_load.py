import json

import pytest

from benchmarks.failures import BenchmarkError
from benchmarks.load import LoadResult, Request, lua_script, parsed_result
from benchmarks.operations import ID_MARK, TITLE_MARK

OUTPUT = """Running 2s test @ http://127.0.0.1:8000/graphql
  1 threads and 8 connections
  Latency Distribution
     50%    4.87ms
Requests/sec:   1449.12
RESULT {"requests":2912,"micros":2009500,"bytes":1234567,"status":3,"transport":4,"p50":4870,"p99":110283}
"""


def test_the_result_is_what_the_script_wrote() -> None:
    result = parsed_result(OUTPUT)
    assert result == LoadResult(requests=2912, seconds=2.0095, bytes=1_234_567, errors=7, p50_ms=4.87, p99_ms=110.283)
    assert round(result.rate, 2) == 1449.12


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("unable to connect to 127.0.0.1:1 Connection refused\n", "did not come to its end"),
        (OUTPUT.replace('"requests":2912', '"requests":0'), "Not one request"),
    ],
)
def test_no_result_ends_the_run(output: str, message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        parsed_result(output)


def test_a_script_is_plain_text_whatever_the_request_holds() -> None:
    body = '{"query": "{ a(b: \\"ü]]\\") }"}\n'
    script = lua_script(Request(method="POST", path="/", body=body, headers={"X-Y": "a\\b"}), issues=(), title="")
    assert script.isascii()
    assert 'wrk.body = "{\\034query\\034: \\034{ a(b: \\092\\034\\195\\188]]\\092\\034) }\\034}\\010"' in script
    assert 'wrk.headers["X-Y"] = "a\\092b"' in script
    assert "function request" not in script


def test_a_write_gets_another_issue_and_title_each_time() -> None:
    body = json.dumps({"id": ID_MARK, "title": TITLE_MARK})
    script = lua_script(Request(method="POST", path="/", body=body), issues=("iss_1", "iss_2"), title="T ")
    assert 'local issues = {"iss_1", "iss_2"}' in script
    assert f'gsub("{ID_MARK}", issues[number % #issues + 1]):gsub("{TITLE_MARK}", "T " .. number)' in script
