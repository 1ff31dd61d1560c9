"""Handwritten SQL statements that answer with the JSON text itself; $1 is the ID of the signed-in user."""

from benchmarks.handwritten import statements

_SEEN = "(SELECT w.id FROM workspace w JOIN member m ON m.workspace_id = w.id WHERE w.slug = $2 AND m.user_id = $1)"
_ALIVE = "i.lifecycle = 0"
_STATE = """(SELECT json_build_object('id', s.id, 'name', s.name, 'category', s.category)
    FROM state s WHERE s.workspace_id = i.workspace_id AND s.id = i.state_id)"""
_CREATOR = "(SELECT json_build_object('id', u.id, 'name', u.name) FROM account u WHERE u.id = i.creator_id)"
_PROJECT = """(SELECT json_build_object('id', p.id, 'key', p.key, 'name', p.name)
    FROM project p WHERE p.workspace_id = i.workspace_id AND p.id = i.project_id)"""
_PRIORITY = "(ARRAY['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'])[i.priority + 1]"
_ASSIGNEES = """(SELECT coalesce(json_agg(json_build_object('id', u.id, 'name', u.name) ORDER BY u.name, u.id), '[]')
    FROM issue_assignee x JOIN account u ON u.id = x.user_id
    WHERE x.workspace_id = i.workspace_id AND x.issue_id = i.id)"""
_LABELS = """(SELECT coalesce(json_agg(
        json_build_object('id', l.id, 'name', l.name, 'color', l.color) ORDER BY l.name, l.id), '[]')
    FROM issue_label x JOIN label l ON l.workspace_id = x.workspace_id AND l.id = x.label_id
    WHERE x.workspace_id = i.workspace_id AND x.issue_id = i.id)"""
_AUTHOR = "json_build_object('id', u.id, 'name', u.name)"


def _moment(column: str) -> str:
    """RFC 3339 as the other servers write it: microseconds only where there are any."""
    whole = f"to_char({column}, 'YYYY-MM-DD\"T\"HH24:MI:SS')"
    fraction = f"extract(microseconds FROM {column})::int % 1000000"
    return f"{whole} || CASE {fraction} WHEN 0 THEN 'Z' ELSE to_char({column}, '.US\"Z\"') END"


def _cursor(moment: str, id: str) -> str:
    packed = f"'[1,\"by hand\",' || (extract(epoch FROM {moment}) * 1000000)::bigint || ',\"' || {id} || '\"]'"
    encoded = f"encode(convert_to({packed}, 'UTF8'), 'base64')"
    return f"rtrim(translate({encoded}, E'+/\\n', '-_'), '=')"


_COMMENT = f"json_build_object('id', c.id, 'body', c.body, 'createdAt', {_moment('c.created_at')}, 'author', {_AUTHOR})"
_OF_ISSUE = "FROM comment c WHERE c.workspace_id = i.workspace_id AND c.issue_id = i.id"
_COUNT = f"(SELECT count(*) {_OF_ISSUE})"


def _first_comments(most: str) -> str:
    return f"(SELECT * {_OF_ISSUE} ORDER BY c.created_at, c.id LIMIT {most}) c"


def _issues(node: str, key: str) -> str:
    """Statement for a list answer from the rows `i`, which are one more than $first if a next page exists."""
    return f"""SELECT json_build_object('data', json_build_object('workspace', json_build_object(
        'issues', json_build_object(
        'nodes', coalesce(json_agg({node} ORDER BY i.place) FILTER (WHERE i.place <= i.most), '[]'),
        'pageInfo', json_build_object('hasNextPage', count(*) > max(i.most),
            'endCursor', max(CASE WHEN i.place = least(i.most, i.rows) THEN {_cursor("i." + key, "i.id")} END)
        )))))::text FROM i"""


VIEWER = """SELECT json_build_object('data', json_build_object('viewer',
    json_build_object('id', id, 'name', name)))::text FROM account WHERE id = $1"""

_REFERENCE_NODE = f"""json_build_object('id', i.id, 'identifier', {statements.IDENTIFIER}, 'title', i.title,
    'priority', {_PRIORITY}, 'createdAt', {_moment("i.created_at")}, 'dueDate', i.due_date,
    'state', {_STATE}, 'project', {_PROJECT}, 'creator', {_CREATOR}, 'assignees', {_ASSIGNEES}, 'labels', {_LABELS},
    'comments', json_build_object('totalCount', {_COUNT}, 'nodes', (
        SELECT coalesce(json_agg({_COMMENT} ORDER BY c.created_at, c.id), '[]')
        FROM {_first_comments("3")} JOIN account u ON u.id = c.author_id)))"""
REFERENCE = f"""WITH i AS (
    SELECT page.*, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place, $3::int AS most,
        count(*) OVER () AS rows FROM (
        SELECT i.* FROM issue i WHERE i.workspace_id = {_SEEN} AND {_ALIVE}
        ORDER BY i.created_at DESC, i.id DESC LIMIT $3::int + 1) page)
    {_issues(_REFERENCE_NODE, "created_at")}"""

ISSUE = f"""SELECT json_build_object('data', json_build_object('workspace', json_build_object('issue',
    json_build_object(
    'id', i.id, 'identifier', {statements.IDENTIFIER}, 'title', i.title, 'description', i.description,
    'priority', {_PRIORITY},
    'state', {_STATE}, 'creator', {_CREATOR}, 'comments', (
        SELECT json_build_object('totalCount', {_COUNT},
            'nodes', coalesce(json_agg({_COMMENT} ORDER BY c.place) FILTER (WHERE c.place <= $4), '[]'),
            'pageInfo', json_build_object('hasNextPage', count(*) > $4,
                'endCursor', max(CASE WHEN c.place = least($4, c.rows) THEN {_cursor("c.created_at", "c.id")} END)))
        FROM (SELECT c.*, row_number() OVER (ORDER BY c.created_at, c.id) AS place, count(*) OVER () AS rows
            FROM {_first_comments("$4::int + 1")}) c JOIN account u ON u.id = c.author_id)))))::text
    FROM issue i WHERE i.workspace_id = {_SEEN} AND {statements.HAS_IDENTIFIER}"""

_FILTERED_NODE = f"""json_build_object('id', i.id, 'identifier', {statements.IDENTIFIER}, 'title', i.title,
    'priority', {_PRIORITY}, 'updatedAt', {_moment("i.updated_at")}, 'state', {_STATE},
    'assignees', {_ASSIGNEES}, 'labels', {_LABELS})"""
FILTERED = f"""WITH i AS (
    SELECT page.*, row_number() OVER (ORDER BY updated_at DESC, created_at DESC, id DESC) AS place, $6::int AS most,
        count(*) OVER () AS rows FROM (
        SELECT i.* FROM issue i JOIN state s ON s.workspace_id = i.workspace_id AND s.id = i.state_id
        WHERE i.workspace_id = {_SEEN} AND {_ALIVE} AND s.category = $3 AND i.priority = ANY($4::smallint[])
        AND EXISTS (SELECT FROM issue_label x JOIN label l ON l.workspace_id = x.workspace_id AND l.id = x.label_id
            WHERE x.workspace_id = i.workspace_id AND x.issue_id = i.id AND l.name = $5)
        ORDER BY i.updated_at DESC, i.created_at DESC, i.id DESC LIMIT $6::int + 1) page)
    {_issues(_FILTERED_NODE, "updated_at")}"""

NESTED = f"""SELECT json_build_object('data', json_build_object('workspace', json_build_object(
        'issues', json_build_object(
    'nodes', coalesce(json_agg(json_build_object('id', i.id, 'title', i.title, 'comments', json_build_object('nodes', (
        SELECT coalesce(json_agg(json_build_object('id', c.id, 'body', c.body, 'author',
            json_build_object('name', u.name)) ORDER BY c.created_at, c.id), '[]')
        FROM {_first_comments("$4")} JOIN account u ON u.id = c.author_id)))
        ORDER BY i.created_at DESC, i.id DESC), '[]')))))::text
    FROM (SELECT * FROM issue i WHERE i.workspace_id = {_SEEN} AND {_ALIVE}
        ORDER BY i.created_at DESC, i.id DESC LIMIT $3) i"""

UPDATE = statements.UPDATE.replace(
    "SELECT id, title FROM changed",
    """SELECT json_build_object('data', json_build_object('issueUpdate', json_build_object('errors', '[]'::json,
        'issue', json_build_object('id', id, 'title', title))))::text FROM changed""",
)
