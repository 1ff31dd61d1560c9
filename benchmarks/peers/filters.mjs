// Filters and sorts of lists of issues, as SQL.
export const PRIORITIES = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'];

function compared(column, type, comparator, values, convert = (value) => value) {
  const conditions = [];
  if (comparator?.eq != null) conditions.push(`${column} = $${values.push(convert(comparator.eq))}::${type}`);
  if (comparator?.in != null) conditions.push(`${column} = ANY($${values.push(comparator.in.map(convert))}::${type}[])`);
  return conditions;
}

function labeled(filter, values) {
  const conditions = ['x.workspace_id = i.workspace_id', 'x.issue_id = i.id', ...compared('l.name', 'text', filter.name, values)];
  return `EXISTS (SELECT FROM issue_label x JOIN label l ON l.workspace_id = x.workspace_id AND l.id = x.label_id WHERE ${conditions.join(' AND ')})`;
}

// Conditions on `issue i`; what they compare with is added to the values.
export function conditionsOf(filter, values) {
  const conditions = compared('i.priority', 'smallint', filter?.priority, values, (name) => PRIORITIES.indexOf(name));
  if (filter?.state) {
    const state = [
      ...compared('s.category', 'text', filter.state.category, values),
      ...compared('s.name', 'text', filter.state.name, values),
    ];
    conditions.push(`EXISTS (SELECT FROM state s WHERE s.workspace_id = i.workspace_id AND s.id = i.state_id AND ${state.join(' AND ') || 'true'})`);
  }
  if (filter?.labels?.some) conditions.push(labeled(filter.labels.some, values));
  if (filter?.labels?.none) conditions.push(`NOT ${labeled(filter.labels.none, values)}`);
  return conditions;
}

const COLUMNS = { createdAt: 'i.created_at', updatedAt: 'i.updated_at' };

// The keys of an order with their columns; the id comes last, in the direction of the key before it.
export function orderOf(sort) {
  const keys = (sort?.length ? sort : [{ createdAt: { direction: 'DESC' } }]).flatMap((each) =>
    Object.entries(each).map(([key, { direction }]) => ({ key, sql: `${COLUMNS[key]} ${direction}`, direction })),
  );
  return { keys: keys.map(({ key }) => key), sql: [...keys.map(({ sql }) => sql), `i.id ${keys.at(-1).direction}`].join(', ') };
}
