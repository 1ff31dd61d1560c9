// What is read of the database: single things, and relations for all parents of a list at once.
import { rows } from './database.mjs';
import { PRIORITIES, conditionsOf, orderOf } from './filters.mjs';

const DEFAULT = 50;
const DEFAULT_NESTED = 20;
const ISSUE = `i.id, i.identifier, i.number, i.title, i.description, i.priority, i.due_date AS "dueDate",
  i.created_at AS "createdAt", i.updated_at AS "updatedAt", i.state_id, i.project_id, i.creator_id`;

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
  const found = await rows(`SELECT ${ISSUE} FROM issue i WHERE i.workspace_id = $1 AND i.identifier = $2`, [workspaceId, identifier]);
  return found.length ? named(found[0]) : null;
}

export async function issuesOf(workspaceId, { first, filter, sort }) {
  const values = [workspaceId];
  const conditions = ['i.workspace_id = $1', 'i.trashed_at IS NULL', 'i.archived_at IS NULL', ...conditionsOf(filter, values)];
  const size = first ?? DEFAULT;
  const order = orderOf(sort);
  const limit = `$${values.push(size + 1)}`;
  const text = `SELECT ${ISSUE} FROM issue i WHERE ${conditions.join(' AND ')} ORDER BY ${order.sql} LIMIT ${limit}`;
  return new Page((await rows(text, values)).map(named), size, order.keys);
}

const byId = (table, columns) => async (ids) => {
  const found = new Map((await rows(`SELECT ${columns} FROM ${table} WHERE id = ANY($1::text[])`, [ids])).map((row) => [row.id, row]));
  return ids.map((id) => found.get(id));
};
export const users = byId('account', 'id, name');
export const states = byId('state', 'id, name, category');
export const projects = byId('project', 'id, key, name');

const linked = (text) => async (ids) => {
  const found = new Map(ids.map((id) => [id, []]));
  for (const row of await rows(text, [ids])) found.get(row.issue_id).push(row);
  return ids.map((id) => found.get(id));
};
export const assignees = linked(`SELECT x.issue_id, u.id, u.name FROM issue_assignee x JOIN account u ON u.id = x.user_id
  WHERE x.issue_id = ANY($1::text[]) ORDER BY u.name, u.id`);
export const labels = linked(`SELECT x.issue_id, l.id, l.name, l.color FROM issue_label x JOIN label l ON l.id = x.label_id
  WHERE x.issue_id = ANY($1::text[]) ORDER BY l.name, l.id`);

const FIRST_COMMENTS = `SELECT c.issue_id, c.id, c.body, c.created_at AS "createdAt", c.author_id FROM comment c
  WHERE c.issue_id = parent.id ORDER BY c.created_at, c.id LIMIT $2`;
const COMMENTS = `SELECT page.* FROM unnest($1::text[]) AS parent (id) CROSS JOIN LATERAL (${FIRST_COMMENTS}) page
  ORDER BY page.issue_id, page."createdAt", page.id`;
const COUNTED_COMMENTS = `SELECT counted.total, page.* FROM unnest($1::text[]) AS parent (id)
  CROSS JOIN LATERAL (SELECT count(*)::int AS total FROM comment c WHERE c.issue_id = parent.id) counted
  CROSS JOIN LATERAL (${FIRST_COMMENTS}) page ORDER BY page.issue_id, page."createdAt", page.id`;

// The first comments of each issue; all are counted only when that is asked for.
export async function comments(ids, { first, isCounted }) {
  const size = first ?? DEFAULT_NESTED;
  const found = new Map(ids.map((id) => [id, []]));
  for (const row of await rows(isCounted ? COUNTED_COMMENTS : COMMENTS, [ids, size + 1])) found.get(row.issue_id).push(row);
  return ids.map((id) => new Page(found.get(id), size, ['createdAt'], found.get(id)[0]?.total ?? 0));
}

// The statement is that of the endpoints written by hand: title, revision and event at once.
export async function updateIssue(userId, text, { id, title }) {
  const [issue] = await rows(text, [userId, id, title]);
  return { errors: [], issue: issue ?? null };
}
