"use strict";

const FIRST_QUERY = `# Sign in first: ask POST /auth/token for an access token
# and write it after "Bearer" under Headers, below.

query Issues {
  workspace(slug: "acme") {
    name
    issues(first: 10, sort: [{ createdAt: { direction: DESC } }]) {
      totalCount
      nodes {
        identifier
        title
        priority
        state { name category }
        creator { name }
        assignees { name }
        labels { name color }
        comments(first: 3) {
          totalCount
          nodes { body createdAt author { name } }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
`;

const SECOND_QUERY = `# Everything that changes in the workspace, as it happens.

subscription Changes {
  changes(workspace: "acme") {
    upTo
    events { revision kind occurredAt actor { name } subjectId }
  }
}
`;

const SIGN_IN_FIRST = {
  errors: [{ message: "Sign in first: write your access token after Bearer under Headers." }],
};

// What the headers pane holds right now; sockets cannot send headers, so it goes into connection_init.
let headers = {};

function tokenIn(text) {
  try {
    headers = JSON.parse(text || "{}");
  } catch {
    headers = {}; // still being typed
  }
  const [, token] = /^Bearer\s+(\S+)$/i.exec(headers.Authorization ?? headers.authorization ?? "") ?? [];
  return token ?? null;
}

function fetchSignedIn(url, init) {
  if (tokenIn(JSON.stringify(init.headers)) === null) {
    return Promise.resolve(Response.json(SIGN_IN_FIRST));
  }
  return fetch(url, init);
}

// GraphiQL's history keeps the headers of each query, whatever it is told about headers: they are taken out here.
const storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (key) => localStorage.getItem(key),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  setItem: (key, value) => localStorage.setItem(key, withoutHeaders(value)),
};

function withoutHeaders(text) {
  try {
    return JSON.stringify(JSON.parse(text, (name, value) => (name === "headers" ? undefined : value)));
  } catch {
    return text; // a query, a setting: not JSON
  }
}

function makeFetcher() {
  const url = new URL("/graphql", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const wsClient = graphqlWs.createClient({ url: url.href, connectionParams: () => headers });
  return GraphiQL.createFetcher({ url: "/graphql", fetch: fetchSignedIn, wsClient });
}

function Explorer() {
  const [token, setToken] = React.useState(null);
  // GraphiQL asks for the schema whenever its fetcher is another one: here, when somebody has signed in.
  const fetcher = React.useMemo(makeFetcher, [token]);
  return React.createElement(GraphiQL, {
    fetcher,
    storage,
    plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    defaultEditorToolsVisibility: "headers",
    defaultTabs: [{ query: FIRST_QUERY }, { query: SECOND_QUERY }],
    defaultHeaders: '{\n  "Authorization": "Bearer "\n}',
    shouldPersistHeaders: false, // a token has no place in the browser's storage
    onEditHeaders: (text) => setToken(tokenIn(text)),
  });
}

ReactDOM.createRoot(document.getElementById("explorer")).render(React.createElement(Explorer));
