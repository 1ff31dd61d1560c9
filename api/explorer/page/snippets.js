/**
 * What is in the editors as a program in another language. Each generator is a function of
 * `{ url, query, variables, operationName, isSubscription }`, the name being null where the document needs none. Tokens
 * are read from the environment: none is ever written down.
 */
const TOKEN = "WORKGRAPH_TOKEN";

export const LANGUAGES = [
  { name: "curl", isWritten: ({ isSubscription }) => !isSubscription, write: curl },
  { name: "Python", isWritten: () => true, write: python },
  { name: "JavaScript", isWritten: () => true, write: javascript },
];

function curl(operation) {
  return [
    `curl ${shell(operation.url)}`,
    `--header "Authorization: Bearer $${TOKEN}"`,
    "--header 'Content-Type: application/json'",
    `--data-raw ${shell(JSON.stringify(asked(operation), null, 2))}`,
  ].join(" \\\n  ") + "\n";
}

/** What GraphQL over HTTP sends. */
function asked({ query, variables, operationName }) {
  return { query, ...(variables && { variables }), ...(operationName && { operationName }) };
}

/** POSIX: nothing has a meaning between single quotes, but a single quote. */
function shell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function python(operation) {
  const { url, isSubscription } = operation;
  return filled(isSubscription ? PYTHON_SOCKET : PYTHON_HTTP, {
    url: pythonValue(isSubscription ? socketUrl(url) : url),
    request: pythonRequest(operation),
  });
}

/** In one pass, so that braces in a query stay what they are. */
function filled(program, parts) {
  return program.replace(/<(\w+)>/g, (_, name) => parts[name]);
}

const PYTHON_HTTP = `# pip install "gql[requests]"
import os

from gql import Client, GraphQLRequest
from gql.transport.requests import RequestsHTTPTransport

transport = RequestsHTTPTransport(
    <url>,
    headers={"Authorization": f"Bearer {os.environ['${TOKEN}']}"},
)
request = <request>
print(Client(transport=transport).execute(request))
`;

const PYTHON_SOCKET = `# pip install "gql[websockets]"
import os

from gql import Client, GraphQLRequest
from gql.transport.websockets import WebsocketsTransport

transport = WebsocketsTransport(
    <url>,
    init_payload={"Authorization": f"Bearer {os.environ['${TOKEN}']}"},
    subprotocols=["graphql-transport-ws"],
)
request = <request>
for result in Client(transport=transport).subscribe(request):
    print(result)
`;

function pythonRequest({ query, variables, operationName }) {
  const named = [
    ["variable_values", variables],
    ["operation_name", operationName],
  ].filter(([, value]) => value);
  const written = named.map(([name, value]) => `    ${name}=${pythonValue(value, 1)},\n`);
  return `GraphQLRequest(\n    ${pythonText(query)},\n${written.join("")})`;
}

/** Between triple quotes, so that a query is read as it was written. */
function pythonText(text) {
  const quoted = text.replaceAll("\\", "\\\\").replace(/"{3,}|"+$/g, (quotes) => quotes.replaceAll('"', '\\"'));
  return `"""${withoutControls(quoted)}"""`;
}

/** JSON's strings and numbers are Python's. */
function pythonValue(value, depth = 0) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const items = Object.entries(value).map(([name, each]) => {
    const key = Array.isArray(value) ? "" : `${JSON.stringify(name)}: `;
    return `${"    ".repeat(depth + 1)}${key}${pythonValue(each, depth + 1)},\n`;
  });
  return items.length === 0 ? open + close : `${open}\n${items.join("")}${"    ".repeat(depth)}${close}`;
}

function javascript(operation) {
  const { url, query, isSubscription } = operation;
  const { query: _, ...others } = asked(operation);
  return filled(isSubscription ? JAVASCRIPT_SOCKET : JAVASCRIPT_HTTP, {
    url: JSON.stringify(isSubscription ? socketUrl(url) : url),
    query: template(query),
    others: Object.entries(others).map(([name, value]) => `  ${name}: ${literal(value)},\n`).join(""),
  });
}

const JAVASCRIPT_REQUEST = `const request = {
  query: <query>,
<others>};
`;

const JAVASCRIPT_HTTP = `// Node.js 18 or newer, as a module (.mjs)
${JAVASCRIPT_REQUEST}
const response = await fetch(<url>, {
  method: "POST",
  headers: {
    Authorization: \`Bearer \${process.env.${TOKEN}}\`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify(request),
});
console.log(JSON.stringify(await response.json(), null, 2));
`;

const JAVASCRIPT_SOCKET = `// Node.js 22 or newer, as a module (.mjs)
${JAVASCRIPT_REQUEST}
const socket = new WebSocket(<url>, "graphql-transport-ws");
const send = (message) => socket.send(JSON.stringify(message));
const answers = {
  connection_ack: () => send({ type: "subscribe", id: "1", payload: request }),
  ping: () => send({ type: "pong" }),
  next: ({ payload }) => console.log(JSON.stringify(payload)),
  error: ({ payload }) => console.error(payload),
  complete: () => socket.close(),
};
const Authorization = \`Bearer \${process.env.${TOKEN}}\`;
socket.onopen = () => send({ type: "connection_init", payload: { Authorization } });
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  answers[message.type]?.(message);
};
`;

function template(text) {
  return `\`${withoutControls(text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${"))}\``;
}

function literal(value) {
  return JSON.stringify(value, null, 2).replaceAll("\n", "\n  ");
}

/** Line ends other than \n, which both languages turn into it, and whatever else cannot stand in a source file. */
function withoutControls(text) {
  // eslint-disable-next-line no-control-regex -- it removes them
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]|\p{Surrogate}/gu, (letter) =>
    `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function socketUrl(url) {
  return url.replace(/^http/, "ws");
}
