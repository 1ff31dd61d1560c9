-- FraiseQL reads JSONB that is stored ready made: its documentation calls such tables the fastest way ("tv_" tables).
-- They depend on no other table, so that migrations of the database are not in their way.
DROP SCHEMA IF EXISTS fraiseql CASCADE;
CREATE SCHEMA fraiseql;
CREATE TABLE fraiseql.tv_viewer AS SELECT id, jsonb_build_object('id', id, 'name', name) AS data FROM account;
CREATE UNIQUE INDEX tv_viewer_id ON fraiseql.tv_viewer (id);
CREATE TABLE fraiseql.tv_issue AS SELECT i.id, i.workspace_id, i.created_at, jsonb_build_object(
    'id', i.id,
    'identifier', p.key || '-' || i.number,
    'title', i.title,
    'priority', (ARRAY['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'])[i.priority + 1],
    'created_at', i.created_at,
    'due_date', i.due_date,
    'state', jsonb_build_object('id', s.id, 'name', s.name, 'category', s.category),
    'project', jsonb_build_object('id', p.id, 'key', p.key, 'name', p.name),
    'creator', jsonb_build_object('id', u.id, 'name', u.name),
    'assignees', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'name', a.name) ORDER BY a.name, a.id), '[]')
        FROM issue_assignee x JOIN account a ON a.id = x.user_id
        WHERE x.workspace_id = i.workspace_id AND x.issue_id = i.id),
    'labels', (SELECT coalesce(
            jsonb_agg(jsonb_build_object('id', l.id, 'name', l.name, 'color', l.color) ORDER BY l.name, l.id), '[]')
        FROM issue_label x JOIN label l ON l.workspace_id = x.workspace_id AND l.id = x.label_id
        WHERE x.workspace_id = i.workspace_id AND x.issue_id = i.id),
    'comments', jsonb_build_object(
        'total_count', (SELECT count(*) FROM comment c WHERE c.workspace_id = i.workspace_id AND c.issue_id = i.id),
        'nodes', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'id', c.id, 'body', c.body, 'created_at', c.created_at,
                'author', jsonb_build_object('id', a.id, 'name', a.name)) ORDER BY c.created_at, c.id), '[]')
            FROM (SELECT * FROM comment WHERE workspace_id = i.workspace_id AND issue_id = i.id
                ORDER BY created_at, id LIMIT 3) c JOIN account a ON a.id = c.author_id))
    ) AS data
    FROM issue i JOIN state s ON s.workspace_id = i.workspace_id AND s.id = i.state_id
    JOIN project p ON p.workspace_id = i.workspace_id AND p.id = i.project_id
    JOIN account u ON u.id = i.creator_id WHERE i.lifecycle = 0;
CREATE INDEX tv_issue_newest ON fraiseql.tv_issue (workspace_id, created_at DESC, id DESC);
ANALYZE fraiseql.tv_issue, fraiseql.tv_viewer;
