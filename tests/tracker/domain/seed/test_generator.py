from collections import Counter
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from statistics import mean, median, quantiles

import pytest

from domain.issues.priorities import Priority
from domain.projects.categories import StateCategory
from domain.projects.model import DEFAULT_STATES
from domain.seed.commands import SeedOrder
from domain.seed.generator import CANCELED, DONE, PARENT_WINDOW, Generator
from domain.seed.model import PlannedIssue
from domain.shared.actor import Role
from domain.shared.checks import LONGEST_LINE, LONGEST_TEXT, is_storable
from domain.shared.demo import DEMO_EMAIL

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def planned(size: int, *, seed: int = 1, now: datetime = NOW) -> list[PlannedIssue]:
    return list(Generator(SeedOrder(size=size), now=now, seed=seed).issues())


@pytest.fixture(scope="module")
def many() -> list[PlannedIssue]:
    return planned(5000)


def digest(issues: list[PlannedIssue]) -> str:
    return sha256(repr([astuple(issue) for issue in issues]).encode()).hexdigest()


def test_the_same_order_gives_the_same_data_in_every_process():
    assert digest(planned(300)) == digest(planned(300))
    assert digest(planned(300)) != digest(planned(300, seed=2))
    assert digest(planned(300)) != digest(planned(300, now=NOW + timedelta(days=1)))
    # Also in another Python: whoever changes the generator on purpose writes the new digest here.
    assert digest(planned(300)) == "6da1e45936ed18fd1771d0caf5ca9a9097fddbe33df8683234375ae4155fd01b"


def test_issues_read_the_same_whenever_they_are_made():
    day_later = planned(300, now=NOW + timedelta(days=1, hours=5))
    wordings = [
        [(each.project, each.number, each.title, each.description, each.labels, each.parent_number) for each in issues]
        for issues in (planned(300), day_later, planned(400)[:300])
    ]
    assert wordings[0] == wordings[1]
    assert [each[:2] for each in wordings[0]] == [each[:2] for each in wordings[2]]


def test_the_workspace_has_an_owner_and_people_with_addresses_of_their_own():
    plan = Generator(SeedOrder(size=5000), now=NOW).plan
    assert [(person.email, person.role) for person in plan.people[:1]] == [(DEMO_EMAIL, Role.OWNER)]
    assert Counter(person.role for person in plan.people) == {
        Role.OWNER: 1,
        Role.ADMIN: 2,
        Role.MEMBER: 36,
        Role.GUEST: 2,
    }
    assert len({person.email for person in plan.people}) == len({person.name for person in plan.people}) == 41
    assert all(person.email.isascii() for person in plan.people)
    assert [project.key for project in plan.projects] == ["ENG", "WEB", "OPS", "MOB"]
    assert [len(Generator(SeedOrder(size=size), now=NOW).plan.people) for size in (1, 500)] == [13, 23]


def test_states_are_those_that_every_project_begins_with():
    assert [DEFAULT_STATES[place][1] for place in (DONE, CANCELED)] == [StateCategory.COMPLETED, StateCategory.CANCELED]


def test_time_runs_forward_through_18_months_and_ends_now(many: list[PlannedIssue]):
    assert all(one.created_at <= next_one.created_at for one, next_one in pairwise(many))
    assert NOW - timedelta(days=548) <= many[0].created_at < NOW - timedelta(days=545)
    assert NOW - timedelta(days=1) < many[-1].created_at <= NOW
    for issue in many:
        moments = [issue.created_at, *(comment.created_at for comment in issue.comments)]
        assert all(one < next_one for one, next_one in pairwise(moments))
        assert issue.updated_at == max([*moments, issue.completed_at or issue.created_at]) <= NOW
    office = [issue for issue in many if issue.created_at.weekday() < 5 and 7 <= issue.created_at.hour < 18]
    assert len(office) / len(many) > 0.8


def test_numbers_run_from_one_in_each_project_and_parents_are_near_and_have_none(many: list[PlannedIssue]):
    for project in range(4):
        own = {issue.number: issue for issue in many if issue.project == project}
        assert list(own) == list(range(1, len(own) + 1))
        children = [issue for issue in own.values() if issue.parent_number is not None]
        assert 0.06 < len(children) / len(own) < 0.12
        for issue in children:
            assert issue.number - PARENT_WINDOW < issue.parent_number < issue.number
            assert own[issue.parent_number].parent_number is None


def test_the_spread_is_that_of_a_real_tracker(many: list[PlannedIssue]):
    states = Counter(issue.state for issue in many)
    assert 0.7 < states[DONE] / len(many) < 0.82
    assert 0.05 < states[CANCELED] / len(many) < 0.12
    assert all((issue.completed_at is not None) == (issue.state in (DONE, CANCELED)) for issue in many)
    priorities = Counter(issue.priority for issue in many)
    assert max(priorities, key=priorities.__getitem__) is Priority.NONE
    assert 0.02 < priorities[Priority.URGENT] / len(many) < 0.06
    labels = Counter(label for issue in many for label in issue.labels)
    assert labels[0] > 8 * labels[23] > 0
    counts = [len(issue.comments) for issue in many]
    assert 2.7 < mean(counts) < 3.3
    assert max(counts) > 20
    assert 0.15 < mean(issue.due_date is not None for issue in many) < 0.3
    assert 0.7 < mean(bool(issue.assignees) for issue in many) < 0.95


def test_texts_are_as_long_as_in_a_real_tracker(many: list[PlannedIssue]):
    descriptions = [len(issue.description) for issue in many if issue.description]
    comments = [len(comment.body) for issue in many for comment in issue.comments]
    lengths = [median(descriptions), quantiles(descriptions, n=20)[-1], median(comments), quantiles(comments, n=20)[-1]]
    assert lengths == pytest.approx([504, 3154, 136, 979], rel=0.1)
    assert 0.02 < mean(not issue.description for issue in many) < 0.06


def test_everything_can_be_stored_and_nothing_is_left_to_fill_in(many: list[PlannedIssue]):
    texts = [text for issue in many for text in (issue.description, *(comment.body for comment in issue.comments))]
    titles = [issue.title for issue in many]
    assert all(is_storable(text) and len(text.encode()) < LONGEST_TEXT for text in texts)
    assert all(comment.body.strip() for issue in many for comment in issue.comments)
    assert all(0 < len(title) <= LONGEST_LINE and title.isprintable() for title in titles)
    assert [text for text in (*texts, *titles) if "{" in text or "}" in text] == []
    assert len(set(titles)) > 0.5 * len(titles)
    long = [text for text in texts if len(text) > 150]
    assert len(set(long)) > 0.99 * len(long)


def test_assignees_and_labels_are_unique_and_guests_do_no_work(many: list[PlannedIssue]):
    people = Generator(SeedOrder(size=5000), now=NOW).plan.people
    workers = {place for issue in many for place in (issue.creator, *issue.assignees)}
    assert {people[place].role for place in workers} == {Role.OWNER, Role.ADMIN, Role.MEMBER}
    for issue in many:
        assert len(set(issue.assignees)) == len(issue.assignees)
        assert len(set(issue.labels)) == len(issue.labels)
