"""Demo data by a fixed rule: the same size, seed and end give the same data, one issue after the other.

Each issue has random numbers of its own, and what depends on its age is drawn last: ENG-1 reads the same every day.
"""

import unicodedata
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from math import exp
from random import Random

from domain.issues.priorities import Priority
from domain.seed import words
from domain.seed.commands import SeedOrder
from domain.seed.model import Plan, PlannedComment, PlannedIssue, PlannedLabel, PlannedPerson, PlannedProject
from domain.seed.texts import Writer
from domain.shared.actor import Role

SPAN = timedelta(days=548)  # 18 months
PARENT_WINDOW = 200  # a parent's number is less than this below its child's
MOST_COMMENTS = 80
BACKLOG, TODO, STARTED, DONE, CANCELED = range(5)  # places in domain.projects.model.DEFAULT_STATES
_ESTIMATES = (1, 2, 3, 5, 8, 13)
_PRIORITIES = ((Priority.NONE, Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.URGENT), (46, 13, 25, 12, 4))


class Generator:
    """All data of one demo workspace, ending at `now`."""

    def __init__(self, order: SeedOrder, *, now: datetime, seed: int = 1) -> None:
        self._size = order.size
        self._seed = seed
        self._now = now.replace(microsecond=0)
        self._start = self._now - SPAN
        self._random = Random(seed)  # noqa: S311  nothing is secret, and it has to be the same each time
        self.plan = Plan(
            name=order.slug.replace("-", " ").title(),
            begins_at=self._start - timedelta(days=1),
            people=_people(order),
            labels=[PlannedLabel(name=name, color=color, description=text) for name, color, text in words.LABELS],
            projects=[PlannedProject(key=key, name=name) for key, name, _ in words.PROJECTS],
        )
        self._writers = [Writer(self._random, project.key) for project in self.plan.projects]
        self._hours = _worked_hours(self._start, self._now)
        self._teams = [self._team(project) for project in range(len(self.plan.projects))]
        self._label_weights = list(accumulate(1 / (place + 1.5) for place in range(len(self.plan.labels))))

    def issues(self) -> Iterator[PlannedIssue]:
        """Issues in the order of their creation; numbers count from 1 in each project."""
        project_weights = list(accumulate(weight for _, _, weight in words.PROJECTS))
        numbers = [0] * len(words.PROJECTS)
        recent: list[deque[int]] = [deque() for _ in words.PROJECTS]
        for place in range(self._size):
            self._random.seed(self._seed << 32 | place)
            project = self._random.choices(range(len(numbers)), cum_weights=project_weights)[0]
            numbers[project] += 1
            while recent[project] and recent[project][0] <= numbers[project] - PARENT_WINDOW:
                recent[project].popleft()
            issue = self._issue(project, numbers[project], recent[project], self._moment(place))
            if issue.parent_number is None:
                recent[project].append(issue.number)
            yield issue

    def _issue(self, project: int, number: int, recent: Sequence[int], created_at: datetime) -> PlannedIssue:
        random = self._random
        writer = self._writers[project]
        title = writer.title()
        description = "" if random.random() < 0.04 else writer.description()
        priority = random.choices(_PRIORITIES[0], weights=_PRIORITIES[1])[0]
        creator = self._person(project)
        labels = self._labels()
        parent_number = random.choice(recent) if len(recent) > 5 and random.random() < 0.09 else None
        days = random.randint(5, 60) if random.random() < 0.22 else None
        estimate = random.choice(_ESTIMATES) if random.random() < 0.4 else None
        state, completed_at = self._progress(created_at)
        assignees = self._assignees(project, state)
        comments = self._comments(project, created_at, completed_at)
        return PlannedIssue(
            project=project,
            number=number,
            title=title,
            description=description,
            state=state,
            priority=priority,
            creator=creator,
            assignees=assignees,
            labels=labels,
            parent_number=parent_number,
            due_date=None if days is None else (created_at + timedelta(days=days)).date(),
            estimate=estimate,
            created_at=created_at,
            updated_at=max(created_at, completed_at or created_at, *(comment.created_at for comment in comments)),
            completed_at=completed_at,
            comments=comments,
        )

    def _progress(self, created_at: datetime) -> tuple[int, datetime | None]:
        """The state and, if that is a closed one, since when; what is old is mostly done."""
        random = self._random
        took = timedelta(days=6 * exp(1.3 * random.gauss(0, 1)))
        is_closed = random.random() < 0.88 and created_at + took < self._now
        if is_closed:
            return (CANCELED if random.random() < 0.1 else DONE), created_at + timedelta(seconds=took // _SECOND)
        return random.choices((BACKLOG, TODO, STARTED), weights=(45, 30, 25))[0], None

    def _assignees(self, project: int, state: int) -> tuple[int, ...]:
        random = self._random
        is_unassigned = random.random() < (0.5 if state in (BACKLOG, TODO) else 0.06)
        count = 0 if is_unassigned else random.choices((1, 2, 3), weights=(88, 10, 2))[0]
        return tuple(dict.fromkeys(self._person(project) for _ in range(count)))

    def _labels(self) -> tuple[int, ...]:
        count = self._random.choices((0, 1, 2, 3, 4), weights=(22, 42, 24, 9, 3))[0]
        drawn = self._random.choices(range(len(self.plan.labels)), cum_weights=self._label_weights, k=count)
        return tuple(dict.fromkeys(drawn))

    def _comments(
        self, project: int, created_at: datetime, completed_at: datetime | None
    ) -> tuple[PlannedComment, ...]:
        """Comments of an issue: about three, sometimes dozens, mostly while the issue is open, in order of time."""
        random = self._random
        count = min(MOST_COMMENTS, int(2.3 * exp(0.95 * random.gauss(0, 1))))
        end = min(self._now, (completed_at or self._now) + timedelta(days=3))
        life = (end - created_at) // _SECOND
        if life < count + 1:
            return ()
        # Squared, so that most is said early.
        moments = sorted({1 + int((life - 1) * random.random() ** 2) for _ in range(count)})
        writer = self._writers[project]
        return tuple(
            PlannedComment(
                author=self._person(project), body=writer.comment(), created_at=created_at + timedelta(seconds=moment)
            )
            for moment in moments
        )

    def _team(self, project: int) -> tuple[list[int], list[float]]:
        """The members who work on the project, with cumulative weights; a few members do most of the work."""
        members = [place for place, person in enumerate(self.plan.people) if person.role != Role.GUEST]
        self._random.shuffle(members)
        return members, list(accumulate(1 / (place + 2) for place in range(len(members))))

    def _person(self, project: int) -> int:
        members, weights = self._teams[project]
        return self._random.choices(members, cum_weights=weights)[0]

    def _moment(self, place: int) -> datetime:
        """The creation time of the issue at that index: after the previous issue, mostly in working hours."""
        wanted = (place + self._random.random()) / self._size * self._hours[-1]
        hour = bisect_left(self._hours, wanted)
        before = self._hours[hour - 1] if hour else 0.0
        into = (wanted - before) / (self._hours[hour] - before)
        return min(self._start + timedelta(hours=hour, seconds=int(3599 * into)), self._now)


_SECOND = timedelta(seconds=1)


def _people(order: SeedOrder) -> list[PlannedPerson]:
    names = words.NAMES[: min(len(words.NAMES), 12 + order.size // 50)]
    roles = [Role.ADMIN, Role.ADMIN, *[Role.MEMBER] * (len(names) - 4), Role.GUEST, Role.GUEST]
    others = [
        PlannedPerson(name=name, email=f"{_address(name)}@{order.slug}.example", role=role)
        for name, role in zip(names, roles, strict=True)
    ]
    return [PlannedPerson(name="Demo", email=order.owner_email, role=Role.OWNER), *others]


def _address(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.lower()).encode("ascii", "ignore").decode()
    return ".".join(plain.replace("'", "").split())


def _worked_hours(start: datetime, end: datetime) -> list[float]:
    """The sums of how much is written in each hour: little at night and on Sundays, more from month to month."""
    count = (end - start) // timedelta(hours=1)
    weights = []
    for place in range(count):
        moment = start + timedelta(hours=place)
        is_working = moment.weekday() < 5 and 7 <= moment.hour < 18
        weights.append((1.0 if is_working else 0.06) * (0.6 + 0.8 * place / count))
    return list(accumulate(weights))
