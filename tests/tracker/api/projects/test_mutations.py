import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from domain.issues.model import Issue
from domain.projects.categories import StateCategory
from domain.projects.model import DEFAULT_STATES, Project, State
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.refusals import assert_refused, bad_colors, bad_ids, bad_lines, bad_patterns, conflict, invalid, limit
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory

KEYS = ("eng", "1A", "A-B", "A" * 11, "Ä", "ENG\n", "A B", "_", "A٣")


async def states_of(world: World, project_id: str) -> list[State]:
    query = "query ($id: ID!) { node(id: $id) { ... on Project { states { id } } } }"
    data = await world.member.run(query, id=project_id)
    return [await world.stored(State, state["id"]) for state in data["node"]["states"]]


async def test_a_project_begins_with_the_five_usual_states(world: World):
    payload = await world.member.mutate(
        "projectCreate",
        {"workspaceId": world.here.workspace.id, "key": "WEB2", "name": " Web "},
        """project { id key name archivedAt workspace { id } states { name category color position }
          issues { totalCount } }""",
    )
    project_id = payload["project"].pop("id")
    assert payload == {
        "project": {
            "key": "WEB2",
            "name": "Web",
            "archivedAt": None,
            "workspace": {"id": world.here.workspace.id},
            "states": [
                {"name": name, "category": category.value, "color": color, "position": position}
                for position, (name, category, color) in enumerate(DEFAULT_STATES)
            ],
            "issues": {"totalCount": 0},
        },
        "revision": 6,
        "errors": [],
    }
    states = await states_of(world, project_id)
    assert await world.events() == [
        (1, "project.created", project_id, {"key": [None, "WEB2"], "name": [None, "Web"]}),
        *(
            (
                revision,
                "state.created",
                state.id,
                {
                    "name": [None, state.name],
                    "category": [None, state.category.name],
                    "color": [None, state.color],
                    "position": [None, state.position],
                },
            )
            for revision, state in enumerate(states, 2)
        ),
    ]


async def test_bad_projects_are_refused(world: World):
    cases = {
        **bad_ids("workspaceId", "wsp", foreign=world.elsewhere.workspace.id),
        **bad_patterns("key", KEYS),
        **bad_lines("name", longest=80),
        "taken": ({"key": "ENG"}, conflict("key", "ALREADY_EXISTS")),
        "two at once": ({"key": "", "name": ""}, [*invalid("key"), *invalid("name", "REQUIRED")]),
    }
    good = {"workspaceId": world.here.workspace.id, "key": "WEB", "name": "Web"}
    await assert_refused(world, world.member, "projectCreate", good, cases)


async def test_another_workspace_may_have_the_same_key(world: World):
    asked = {"workspaceId": world.here.workspace.id, "key": world.elsewhere.project.key, "name": "Same"}
    assert (await world.member.mutate("projectCreate", asked))["errors"] == []


async def test_a_new_key_renames_every_issue(world: World):
    place = world.here
    second = IssueFactory(project=place.project, state=place.todo, number=2)
    other = ProjectFactory(workspace=place.workspace, key="OTHER")
    state = StateFactory(project=other)
    apart = IssueFactory(project=other, state=state, number=1)
    await world.store(
        replace(second, creator_id=place.issue.creator_id),
        other,
        state,
        replace(apart, creator_id=place.issue.creator_id),
    )
    payload = await world.member.mutate(
        "projectUpdate",
        {"id": place.project.id, "key": "NEW", "name": "Newer"},
        "project { key name issues(sort: [{number: {}}]) { nodes { identifier } } }",
    )
    assert payload == {
        "project": {
            "key": "NEW",
            "name": "Newer",
            "issues": {"nodes": [{"identifier": "NEW-1"}, {"identifier": "NEW-2"}]},
        },
        "revision": 1,
        "errors": [],
    }
    changes = {"key": ["ENG", "NEW"], "name": [place.project.name, "Newer"]}
    assert await world.events() == [(1, "project.updated", place.project.id, changes)]
    await world.member.mutate("issueCreate", {"projectId": place.project.id, "title": "Next"})
    data = await world.member.run(
        """query ($slug: String!) { workspace(slug: $slug) {
          issue(identifier: "NEW-3") { number title } old: issue(identifier: "eng-1") { identifier }
          other: issue(identifier: "OTHER-1") { identifier } } }""",
        slug=place.workspace.slug,
    )
    assert data["workspace"] == {
        "issue": {"number": 3, "title": "Next"},
        "old": {"identifier": "NEW-1"},
        "other": {"identifier": "OTHER-1"},
    }


async def test_a_new_key_writes_no_issue(world: World):
    before = await world.rows()
    await world.member.mutate("projectUpdate", {"id": world.here.project.id, "key": "NEW"})
    after = await world.rows()
    changed = {name for name, rows in after.items() if rows != before[name]}
    assert changed == {"project", "project_key", "event", "workspace_revision"}
    assert len(after["project_key"]) == len(before["project_key"]) + 1


async def test_a_key_is_reserved_while_its_project_exists(world: World):
    place = world.here
    other = ProjectFactory(workspace=place.workspace, key="OTHER")
    await world.store(other)
    update = {"id": place.project.id, "key": "NEW"}
    assert (await world.member.mutate("projectUpdate", update))["errors"] == []
    taken = [("ConflictError", "ALREADY_EXISTS", "input.key")]
    new = {"workspaceId": place.workspace.id, "name": "Another"}
    for key in ("ENG", "NEW"):
        assert await world.member.refused("projectCreate", new | {"key": key}) == taken
        assert await world.member.refused("projectUpdate", {"id": other.id, "key": key}) == taken
    for key in ("ENG", "NEW", "ENG"):
        payload = await world.member.mutate("projectUpdate", update | {"key": key}, "project { key }")
        assert payload["project"] == {"key": key}
    elsewhere = {"workspaceId": world.elsewhere.workspace.id, "name": "Another", "key": "ENG"}
    assert (await world.client(None).mutate("projectCreate", elsewhere))["errors"] == []
    assert (await world.member.mutate("projectUpdate", {"id": other.id, "key": "LATER"}))["errors"] == []
    assert (await world.owner.mutate("projectDelete", {"id": other.id}))["errors"] == []
    for key in ("OTHER", "LATER"):
        assert (await world.member.mutate("projectCreate", new | {"key": key}))["errors"] == []


async def test_an_issue_created_during_a_rename_gets_the_new_key(world: World):
    project_id = world.here.project.id
    async with world.engine.connect() as connection:
        await connection.execute(text("UPDATE project SET key = 'NEW' WHERE id = :id"), {"id": project_id})
        creation = asyncio.create_task(
            world.member.mutate("issueCreate", {"projectId": project_id, "title": "x"}, "issue { identifier }")
        )
        await world.until_blocked(creation)
        await connection.commit()
    assert (await creation)["issue"] == {"identifier": "NEW-2"}


async def test_bad_changes_of_a_project_are_refused(world: World):
    other = ProjectFactory(workspace=world.here.workspace, key="TAKEN")
    await world.store(other)
    cases = {
        **bad_ids("id", "prj", foreign=world.elsewhere.project.id),
        **bad_patterns("key", KEYS),
        **bad_lines("name", longest=80),
        "taken": ({"key": "TAKEN"}, conflict("key", "ALREADY_EXISTS")),
    }
    await assert_refused(world, world.member, "projectUpdate", {"id": world.here.project.id}, cases)


async def test_an_archived_project_is_left_out_and_gets_no_issues_until_restored(world: World):
    project = world.here.project
    lists = "workspace { projects { nodes { id } } all: projects(includeArchived: true) { nodes { id } } }"
    payload = await world.member.mutate("projectArchive", {"id": project.id}, f"project {{ archivedAt {lists} }}")
    assert payload["project"]["archivedAt"] is not None
    assert payload["project"]["workspace"] == {"projects": {"nodes": []}, "all": {"nodes": [{"id": project.id}]}}
    assert payload["revision"] == 1
    archived = await world.stored(Project, project.id)
    assert archived == replace(project, archived_at=archived.archived_at, updated_at=archived.archived_at)
    [event] = await world.events()
    assert event == (1, "project.archived", project.id, {"archived_at": [None, archived.archived_at.isoformat()]})

    refused = {"archived": ({}, conflict("projectId"))}
    await assert_refused(world, world.member, "issueCreate", {"projectId": project.id, "title": "x"}, refused)
    again = await world.member.mutate("projectArchive", {"id": project.id}, "project { archivedAt }")
    assert (again["revision"], again["errors"]) == (None, [])

    payload = await world.member.mutate("projectRestore", {"id": project.id}, f"project {{ archivedAt {lists} }}")
    assert payload == {
        "project": {
            "archivedAt": None,
            "workspace": {"projects": {"nodes": [{"id": project.id}]}, "all": {"nodes": [{"id": project.id}]}},
        },
        "revision": 2,
        "errors": [],
    }
    again = await world.member.mutate("projectRestore", {"id": project.id}, "project { archivedAt }")
    assert again == {"project": {"archivedAt": None}, "revision": None, "errors": []}
    assert [event[1] for event in await world.events()] == ["project.archived", "project.restored"]
    created = await world.member.mutate("issueCreate", {"projectId": project.id, "title": "x"})
    assert created["errors"] == []


async def test_bad_ids_of_projects_are_refused(world: World):
    cases = bad_ids("id", "prj", foreign=world.elsewhere.project.id)
    for mutation in ("projectArchive", "projectRestore", "projectDelete"):
        await assert_refused(world, world.owner, mutation, {}, cases)


async def test_an_empty_project_is_deleted_with_its_states(world: World):
    project = ProjectFactory(workspace=world.here.workspace, key="GONE", name="Gone")
    states = StateFactory.build_batch(2, project=project)
    await world.store(project, *states)
    payload = await world.owner.mutate("projectDelete", {"id": project.id}, "deletedProjectId")
    assert payload == {"deletedProjectId": project.id, "revision": 1, "errors": []}
    assert await world.stored(Project, project.id) is None
    assert [await world.stored(State, state.id) for state in states] == [None, None]
    gone = {"key": ["GONE", None], "name": ["Gone", None]}
    assert await world.events() == [(1, "project.deleted", project.id, gone)]


async def test_a_project_with_issues_stays(world: World):
    before = await world.rows()
    payload = await world.owner.mutate("projectDelete", {"id": world.here.project.id}, "deletedProjectId")
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("IN_USE", ["input", "id"])
    assert payload["deletedProjectId"] is None
    assert await world.rows() == before


async def test_a_new_state_is_the_last(world: World):
    project = world.here.project
    payload = await world.member.mutate(
        "stateCreate",
        {"projectId": project.id, "name": " Review ", "category": "STARTED", "color": "#00ff99"},
        "state { id name category color position project { id } }",
    )
    state_id = payload["state"].pop("id")
    assert payload == {
        "state": {
            "name": "Review",
            "category": "STARTED",
            "color": "#00ff99",
            "position": 2,
            "project": {"id": project.id},
        },
        "revision": 1,
        "errors": [],
    }
    assert (await world.stored(State, state_id)).category is StateCategory.STARTED
    changes = {
        "name": [None, "Review"],
        "category": [None, "STARTED"],
        "color": [None, "#00ff99"],
        "position": [None, 2],
    }
    assert await world.events() == [(1, "state.created", state_id, changes)]


async def test_states_created_at_once_get_their_own_positions(world: World):
    asked = {"projectId": world.here.project.id, "category": "STARTED", "color": "#00ff99"}
    await asyncio.gather(*(world.member.mutate("stateCreate", asked | {"name": f"Step {n}"}) for n in range(8)))
    states = await states_of(world, world.here.project.id)
    assert [state.position for state in states] == list(range(10))


async def test_bad_states_are_refused(world: World):
    cases = {
        **bad_ids("projectId", "prj", foreign=world.elsewhere.project.id),
        **bad_lines("name", longest=50),
        **bad_colors(),
        "taken": ({"name": "Todo"}, conflict("name", "ALREADY_EXISTS")),
        "two at once": ({"name": "", "color": ""}, [*invalid("name", "REQUIRED"), *invalid("color")]),
    }
    good = {"projectId": world.here.project.id, "name": "Review", "category": "STARTED", "color": "#00ff99"}
    await assert_refused(world, world.member, "stateCreate", good, cases)


async def test_a_project_has_at_most_50_states(world: World):
    project = world.here.project
    await world.store(*(StateFactory(project=project, position=position) for position in range(2, 49)))
    asked = {"projectId": project.id, "category": "STARTED", "color": "#00ff99"}
    assert (await world.member.mutate("stateCreate", asked | {"name": "50th"}))["errors"] == []
    cases = {"51st": ({"name": "51st"}, limit("projectId"))}
    await assert_refused(world, world.member, "stateCreate", asked, cases)


async def test_updating_a_state(world: World):
    todo = world.here.todo
    payload = await world.member.mutate(
        "stateUpdate", {"id": todo.id, "name": "Planned", "color": "#123456"}, "state { name color position category }"
    )
    assert payload == {
        "state": {"name": "Planned", "color": "#123456", "position": 0, "category": "UNSTARTED"},
        "revision": 1,
        "errors": [],
    }
    stored = await world.stored(State, todo.id)
    assert stored == replace(todo, name="Planned", color="#123456", updated_at=stored.updated_at)
    changes = {"name": ["Todo", "Planned"], "color": [todo.color, "#123456"]}
    assert await world.events() == [(1, "state.updated", todo.id, changes)]


async def test_bad_changes_of_a_state_are_refused(world: World):
    cases = {
        **bad_ids("id", "sta", foreign=world.elsewhere.todo.id),
        **bad_lines("name", longest=50),
        **bad_colors(),
        "taken": ({"name": "Done"}, conflict("name", "ALREADY_EXISTS")),
    }
    await assert_refused(world, world.member, "stateUpdate", {"id": world.here.todo.id}, cases)


async def test_reordering_states(world: World):
    place = world.here
    third = StateFactory(project=place.project, position=2)
    await world.store(third)
    order = [third.id, place.todo.id, place.done.id]
    payload = await world.member.mutate(
        "statesReorder", {"projectId": place.project.id, "stateIds": order}, "project { states { id position } }"
    )
    assert payload == {
        "project": {"states": [{"id": state_id, "position": position} for position, state_id in enumerate(order)]},
        "revision": 3,
        "errors": [],
    }
    assert await world.events() == [
        (1, "state.updated", place.todo.id, {"position": [0, 1]}),
        (2, "state.updated", place.done.id, {"position": [1, 2]}),
        (3, "state.updated", third.id, {"position": [2, 0]}),
    ]


async def test_the_same_order_again_changes_nothing(world: World):
    place = world.here
    before = await world.rows()
    same = {"projectId": place.project.id, "stateIds": [place.todo.id, place.done.id]}
    assert await world.member.mutate("statesReorder", same) == {"revision": None, "errors": []}
    assert await world.rows() == before


async def test_wrong_orders_are_refused(world: World):
    place, theirs = world.here, world.elsewhere
    todo, done = place.todo.id, place.done.id
    wrong = {
        "none": [],
        "one left out": [todo],
        "one twice": [todo, done, done],
        "one instead of another": [todo, todo],
        "a foreign one": [todo, theirs.done.id],
        "one more": [todo, done, IDS.new("sta")],
        "junk": [todo, "junk"],
        "NUL": [todo, "\0"],
        "surrogate": [todo, "\ud800"],
    }
    cases = {
        **bad_ids("projectId", "prj", foreign=theirs.project.id),
        **{name: ({"stateIds": ids}, invalid("stateIds")) for name, ids in wrong.items()},
    }
    good = {"projectId": place.project.id, "stateIds": [done, todo]}
    for expected in ({}, {"expectedRevision": 0}):
        await assert_refused(world, world.member, "statesReorder", good | expected, cases)


ORDER = """errors { ... on ConflictError { path conflictingFields currentRevision
  conflicts { base current yours changedBy { id } } } }"""


async def outdated_order(world: World, ids: list[str]) -> dict[str, Any]:
    """The conflict of an order that was read before the first change."""
    mine = {"projectId": world.here.project.id, "stateIds": ids, "expectedRevision": 0}
    payload = await world.member.mutate("statesReorder", mine, ORDER)
    assert payload["revision"] is None
    [error] = payload["errors"]
    assert (error["path"], error["conflictingFields"]) == (["input", "stateIds"], ["stateIds"])
    [conflict] = error["conflicts"]
    assert conflict.pop("yours") == ids
    assert conflict.pop("changedBy") == {"id": world.owner.actor.user_id}
    return conflict


async def test_an_order_from_before_a_new_or_deleted_state_is_outdated(world: World):
    place = world.here
    todo, done = place.todo.id, place.done.id
    values = {"projectId": place.project.id, "name": "Review", "category": "STARTED", "color": "#123456"}
    review = (await world.owner.mutate("stateCreate", values, "state { id }"))["state"]["id"]
    assert await outdated_order(world, [done, todo]) == {"base": [todo, done], "current": [todo, done, review]}

    await world.owner.mutate("stateDelete", {"id": done})
    assert await outdated_order(world, [done, todo]) == {"base": [todo, done], "current": [todo, review]}
    await world.owner.mutate("stateDelete", {"id": review})
    assert await outdated_order(world, [done, todo]) == {"base": [todo, done], "current": [todo]}


async def test_an_order_is_outdated_only_by_other_orders_of_its_states(world: World):
    place = world.here
    todo, done = place.todo.id, place.done.id
    both = {"projectId": place.project.id, "stateIds": [done, todo]}
    other = ProjectFactory(workspace=place.workspace)
    states = [StateFactory(project=other, position=position) for position in range(2)]
    await world.store(other, *states)
    await world.owner.mutate("statesReorder", {"projectId": other.id, "stateIds": [each.id for each in states[::-1]]})
    await world.owner.mutate("stateUpdate", {"id": todo, "name": "Planned"})
    assert (
        await world.member.refused("statesReorder", both | {"stateIds": [states[0].id], "expectedRevision": 0})
    ) == (invalid("stateIds"))
    for order in ([done, todo], [todo, done]):
        await world.owner.mutate("statesReorder", both | {"stateIds": order})
    payload = await world.member.mutate("statesReorder", both | {"expectedRevision": 0}, "project { states { id } }")
    assert payload["project"] == {"states": [{"id": done}, {"id": todo}]}
    assert await world.member.mutate("statesReorder", both | {"expectedRevision": 0}) == {
        "revision": None,
        "errors": [],
    }


async def test_a_state_without_issues_can_be_deleted_and_the_others_move_up(world: World):
    place = world.here
    third = StateFactory(project=place.project, position=2)
    await world.store(third)
    payload = await world.member.mutate("stateDelete", {"id": place.done.id}, "deletedStateId")
    assert payload == {"deletedStateId": place.done.id, "revision": 2, "errors": []}
    left = await states_of(world, place.project.id)
    assert [(state.id, state.position) for state in left] == [(place.todo.id, 0), (third.id, 1)]
    gone = {
        "name": ["Done", None],
        "category": ["COMPLETED", None],
        "color": [place.done.color, None],
        "position": [1, None],
    }
    assert await world.events() == [
        (1, "state.deleted", place.done.id, gone),
        (2, "state.updated", third.id, {"position": [2, 1]}),
    ]


async def test_issues_move_to_the_state_that_replaces_theirs(world: World):
    place = world.here
    payload = await world.member.mutate(
        "stateDelete", {"id": place.todo.id, "replaceWith": place.done.id}, "deletedStateId"
    )
    assert payload == {"deletedStateId": place.todo.id, "revision": 3, "errors": []}
    moved = await world.stored(Issue, place.issue.id)
    assert moved == replace(
        place.issue, state_id=place.done.id, completed_at=moved.updated_at, updated_at=moved.updated_at
    )
    assert moved.updated_at > place.issue.updated_at
    [changed, deleted, placed] = await world.events()
    change = {"state_id": [place.todo.id, place.done.id], "completed_at": [None, moved.completed_at.isoformat()]}
    assert changed == (1, "issue.updated", place.issue.id, change)
    assert deleted[:3] == (2, "state.deleted", place.todo.id)
    assert deleted[3]["replaced_by"] == [None, place.done.id]
    assert placed == (3, "state.updated", place.done.id, {"position": [1, 0]})


async def test_issues_that_move_to_an_open_state_are_not_completed_any_more(world: World):
    place = world.here
    closed = IssueFactory(
        project=place.project, state=place.done, number=2, creator_id=place.issue.creator_id, completed_at=MADE
    )
    await world.store(closed)
    await world.member.mutate("stateDelete", {"id": place.done.id, "replaceWith": place.todo.id})
    moved = await world.stored(Issue, closed.id)
    assert (moved.state_id, moved.completed_at) == (place.todo.id, None)


async def test_bad_deletions_of_states_are_refused(world: World):
    place, theirs = world.here, world.elsewhere
    other = ProjectFactory(workspace=place.workspace)
    last = StateFactory(project=other)
    await world.store(other, last)
    cases = {
        **bad_ids("id", "sta", foreign=theirs.todo.id),
        **bad_ids("replaceWith", "sta", foreign=theirs.done.id),
        "in use": ({}, conflict("id", "IN_USE")),
        "replaced with itself": ({"replaceWith": place.todo.id}, invalid("replaceWith")),
        "of another project": ({"replaceWith": last.id}, invalid("replaceWith")),
        "the last": ({"id": last.id}, conflict("", "IN_USE")),
    }
    await assert_refused(world, world.member, "stateDelete", {"id": place.todo.id}, cases)


async def test_two_last_states_deleted_at_once_leave_one(world: World):
    other = ProjectFactory(workspace=world.here.workspace)
    states = [StateFactory(project=other, position=position) for position in range(2)]
    await world.store(other, *states)
    payloads = await asyncio.gather(*(world.member.mutate("stateDelete", {"id": state.id}) for state in states))
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1]
    assert [state.position for state in await states_of(world, other.id)] == [0]
