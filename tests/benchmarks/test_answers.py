import base64
import json
from typing import Any

import pytest

from benchmarks import fraiseql, postgraphile
from benchmarks.answers import data_of, require_same, with_plain_cursors, with_zulu_times, without_cursors
from benchmarks.failures import BenchmarkError


def cursor(*packed: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(packed).encode()).rstrip(b"=").decode()


def page(end_cursor: str | None) -> dict[str, Any]:
    return {"issues": [{"pageInfo": {"hasNextPage": True, "endCursor": end_cursor}}]}


def test_postgraphile_s_answer_is_brought_into_workgraph_s_form() -> None:
    people = [
        {"of": {"id": "usr_2", "name": "Zsófia"}},
        {"of": {"id": "usr_3", "name": "Ana"}},
        {"of": {"id": "usr_1", "name": "Ana"}},
    ]
    issue = {
        "id": "iss_1",
        "priority": 3,
        "createdAt": "2026-01-02T03:04:05.000000+00:00",
        "updatedAt": "2026-01-02T03:04:05.000120+00:00",
        "assignees": {"nodes": people},
        "labels": {"nodes": []},
    }
    assert postgraphile.normalized({"workspace": {"issue": {"nodes": [issue]}}}) == {
        "workspace": {
            "issue": {
                "id": "iss_1",
                "priority": "HIGH",
                "createdAt": "2026-01-02T03:04:05Z",
                "updatedAt": "2026-01-02T03:04:05.000120Z",
                "assignees": [
                    {"id": "usr_1", "name": "Ana"},
                    {"id": "usr_3", "name": "Ana"},
                    {"id": "usr_2", "name": "Zsófia"},
                ],
                "labels": [],
            }
        }
    }
    assert postgraphile.normalized({"issue": {"nodes": []}}) == {"issue": None}


def test_cursors_are_compared_by_the_place_that_they_name() -> None:
    ours, theirs = cursor(1, "a1b2", 17, "iss_1"), cursor(1, "by hand", 17, "iss_1")
    assert with_plain_cursors(page(ours)) == with_plain_cursors(page(theirs))
    assert with_plain_cursors(page(ours)) != with_plain_cursors(page(cursor(1, "a1b2", 18, "iss_1")))
    assert with_plain_cursors(page(cursor(1, "a1b2", 17, 5, "iss_1"))) == with_plain_cursors(page(theirs))
    assert with_plain_cursors(page(None)) == page(None)
    assert without_cursors(page("anything")) == without_cursors(page(ours)) != without_cursors(page(None))


def test_a_difference_is_shown_also_one_of_order() -> None:
    require_same({"a": [1, 2]}, {"a": [1, 2]}, server="Yoga", operation="viewer")
    with pytest.raises(BenchmarkError, match=r"Yoga answers viewer differently:[\s\S]*- +2\n\+ +3"):
        require_same({"a": [1, 2]}, {"a": [1, 3]}, server="Yoga", operation="viewer")
    with pytest.raises(BenchmarkError):
        require_same({"a": 1, "b": 2}, {"b": 2, "a": 1}, server="Yoga", operation="viewer")


@pytest.mark.parametrize("body", [b'{"data": {"a": 1}, "errors": [{"message": "no"}]}', b'{"data": null}', b"{}"])
def test_an_error_is_no_answer(body: bytes) -> None:
    with pytest.raises(BenchmarkError, match="is an error"):
        data_of(body)


def test_data_is_what_was_asked_for() -> None:
    assert data_of(b'{"data": {"a": 1}}') == {"a": 1}


def test_moments_in_utc_are_compared_in_one_form() -> None:
    answer = {"at": "2026-01-02T03:04:05.000120+00:00", "nodes": [{"at": "2026-01-02T03:04:05+00:00"}]}
    assert with_zulu_times(answer) == {"at": "2026-01-02T03:04:05.000120Z", "nodes": [{"at": "2026-01-02T03:04:05Z"}]}
    others = {"title": "at 10+00:00", "at": "2026-01-02T03:04:05+02:00", "count": 1, "none": None}
    assert with_zulu_times(others) == others


def test_fraiseqls_answer_is_brought_into_workgraphs_form() -> None:
    issue = {"id": "iss_1", "createdAt": "2026-01-02T03:04:05+00:00"}
    found = fraiseql.normalized({"issues": [issue]})
    ours = {
        "workspace": {
            "issues": {"pageInfo": {"endCursor": "x"}, "nodes": [{**issue, "createdAt": "2026-01-02T03:04:05Z"}]}
        }
    }
    require_same(fraiseql.seen(ours), fraiseql.seen(found), server="FraiseQL", operation="reference")
    assert fraiseql.normalized({"viewer": {"id": "usr_1"}}) == {"viewer": {"id": "usr_1"}}
    other = fraiseql.normalized({"issues": [issue | {"id": "iss_2"}]})
    with pytest.raises(BenchmarkError):
        require_same(fraiseql.seen(ours), fraiseql.seen(other), server="FraiseQL", operation="reference")
