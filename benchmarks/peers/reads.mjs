// What is read of the database: single things, and relations for all parents of a list at once.
import { rows } from './database.mjs';
import { PRIORITIES, conditionsOf, orderOf } from './filters.mjs';

const DEFAULT = 50;
const DEFAULT_NESTED = 20;
const ISSUE = `i.id, i.number,
  (SELECT k.key FROM project k WHERE k.workspace_id = i.workspace_id AND k.id = i.project_id) || '-' || i.number AS identifier, i.title, i.description, i.priority, i.due_date AS "dueDate",
  i.created_at AS "createdAt", i.updated_at AS "updatedAt", i.state_id, i.project_id, i.creator_id,
  i.workspace_id`;

// A page of a list that was read with one row more than wanted.
class Page {
  constructor(found, size, keys, totalCount) {
    this.nodes = found.length > size ? found.slice(0, size) : found;
    this.totalCount = totalCount;
    this.pageInfo = new PageInfo(this.nodes, found.length > size, keys);
  }
}

// Cursors are encoded when asked for.
class PageInfo {
  constructor(nodes, hasNextPage, keys) {
    this.hasNextPage = hasNextPage;
    this.nodes = nodes;
    this.keys = keys;
  }

  get endCursor() {
    const last = this.nodes.at(-1);
    if (last === undefined) return null;
    const values = this.keys.map((key) => micros(last[key]));
    return Buffer.from(JSON.stringify([1, 'by hand', ...values, last.id])).toString('base64url');
  }
}

const micros = (moment) => Date.parse(moment) * 1000 + Number((moment.split('.')[1] ?? '000000Z').slice(3, 6));
const named = (issue) => {
  issue.priority = PRIORITIES[issue.priority];
  return issue;
};

export const viewer = async (userId) => (await rows('SELECT id, name FROM account WHERE id = $1', [userId]))[0];

export const workspace = async (userId, slug) =>
  (
    await rows(
      `SELECT w.id, w.slug, w.name FROM workspace w JOIN member m ON m.workspace_id = w.id
       WHERE w.slug = $1 AND m.user_id = $2`,
      [slug, userId],
    )
  )[0] ?? null;

export async function issueOf(workspaceId, identifier) {
  const [key, number] = identifier.split('-');
  const found = await rows(
    `SELECT ${ISSUE} FROM issue i WHERE i.workspace_id = $1 AND i.number = $3
     AND i.project_id = (SELECT k.id FROM project k WHERE k.workspace_id = $1 AND k.key = $2)`,
    [workspaceId, key, Number(number)],
  );
  return found.length ? named(found[0]) : null;
}

export async function issuesOf(workspaceId, { first, filter, sort }) {
  const values = [workspaceId];
  const conditions = ['i.workspace_id = $1', 'i.lifecycle = 0', ...conditionsOf(filter, values)];
  const size = first ?? DEFAULT;
  const order = orderOf(sort);
  const limit = `$${values.push(size + 1)}`;
  const text = `SELECT ${ISSUE} FROM issue i WHERE ${conditions.join(' AND ')} ORDER BY ${order.sql} LIMIT ${limit}`;
  return new Page((await rows(text, values)).map(named), size, order.keys);
}

async function byId(text, values, ids) {
  const found = new Map((await rows(text, values)).map((row) => [row.id, row]));
  return ids.map((id) => found.get(id));
}
const here = (table, columns) => (workspaceId, ids) =>
  byId(`SELECT ${columns} FROM ${table} WHERE workspace_id = $1 AND id = ANY($2::text[])`, [workspaceId, ids], ids);
export const users = (_, ids) => byId('SELECT id, name FROM account WHERE id = ANY($1::text[])', [ids], ids);
export const states = here('state', 'id, name, category');
export const projects = here('project', 'id, key, name');

const linked = (text) => async (workspaceId, ids) => {
  const found = new Map(ids.map((id) => [id, []]));
  for (const row of await rows(text, [workspaceId, ids])) found.get(row.issue_id).push(row);
  return ids.map((id) => found.get(id));
};
export const assignees = linked(`SELECT x.issue_id, u.id, u.name FROM issue_assignee x JOIN account u ON u.id = x.user_id
  WHERE x.workspace_id = $1 AND x.issue_id = ANY($2::text[]) ORDER BY u.name, u.id`);
export const labels = linked(`SELECT x.issue_id, l.id, l.name, l.color FROM issue_label x
  JOIN label l ON l.workspace_id = x.workspace_id AND l.id = x.label_id
  WHERE x.workspace_id = $1 AND x.issue_id = ANY($2::text[]) ORDER BY l.name, l.id`);

const FIRST_COMMENTS = `SELECT c.issue_id, c.id, c.body, c.created_at AS "createdAt", c.author_id FROM comment c
  WHERE c.workspace_id = $1 AND c.issue_id = parent.id ORDER BY c.created_at, c.id LIMIT $3`;
const COMMENTS = `SELECT page.* FROM unnest($2::text[]) AS parent (id) CROSS JOIN LATERAL (${FIRST_COMMENTS}) page
  ORDER BY page.issue_id, page."createdAt", page.id`;
const COUNTED_COMMENTS = `SELECT counted.total, page.* FROM unnest($2::text[]) AS parent (id)
  CROSS JOIN LATERAL (SELECT count(*)::int AS total FROM comment c
    WHERE c.workspace_id = $1 AND c.issue_id = parent.id) counted
  CROSS JOIN LATERAL (${FIRST_COMMENTS}) page ORDER BY page.issue_id, page."createdAt", page.id`;

// The first comments of each issue; all are counted only when that is asked for.
export async function comments(workspaceId, ids, { first, isCounted }) {
  const size = first ?? DEFAULT_NESTED;
  const found = new Map(ids.map((id) => [id, []]));
  for (const row of await rows(isCounted ? COUNTED_COMMENTS : COMMENTS, [workspaceId, ids, size + 1])) found.get(row.issue_id).push(row);
  return ids.map((id) => new Page(found.get(id), size, ['createdAt'], found.get(id)[0]?.total ?? 0));
}

// The statement is that of the endpoints written by hand: title, revision and event at once.
export async function updateIssue(userId, text, { id, title }) {
  const [issue] = await rows(text, [userId, id, title]);
  return { errors: [], issue: issue ?? null };
}
