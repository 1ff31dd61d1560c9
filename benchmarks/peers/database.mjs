// The pool, and statements that PostgreSQL prepares once per connection.
import pg from 'pg';
import { settings } from './settings.mjs';

const TIMESTAMPTZ = 1184;
const DATE = 1082;

// The server speaks UTC. Text keeps the microseconds that a Date would lose.
function moment(text) {
  const [time, fraction] = text.slice(11, -3).split('.');
  return `${text.slice(0, 10)}T${time}${fraction ? `.${fraction.padEnd(6, '0')}` : ''}Z`;
}
pg.types.setTypeParser(TIMESTAMPTZ, moment);
pg.types.setTypeParser(DATE, (text) => text);

export const pool = new pg.Pool({
  host: settings.socketDir,
  user: settings.user,
  database: settings.database,
  max: settings.poolSize,
  idleTimeoutMillis: 0,
});

const names = new Map();

export async function rows(text, values) {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = `s${names.size}`));
  return (await pool.query({ name, text, values })).rows;
}
