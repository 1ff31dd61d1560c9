"use strict";

const FIRST_QUERY = `# Workgraph. Press the play button, or Ctrl-Enter.
#
# Sign in first: get an access token from POST /auth/token, then write below, under "Headers":
#   {"Authorization": "Bearer …"}

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
  }
}
`;

// What the headers pane holds right now; sockets cannot send headers, so it goes into connection_init.
let headers = {};

function rememberHeaders(text) {
  try {
    headers = JSON.parse(text || "{}");
  } catch {
    headers = {}; // still being typed
  }
}

function connectSockets() {
  const url = new URL("/graphql", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return graphqlWs.createClient({ url: url.href, connectionParams: () => headers });
}

function Explorer() {
  const [fetcher] = React.useState(() =>
    GraphiQL.createFetcher({ url: "/graphql", wsClient: connectSockets() }),
  );
  return React.createElement(GraphiQL, {
    fetcher,
    plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    defaultEditorToolsVisibility: "headers",
    defaultTabs: [{ query: FIRST_QUERY }, { query: SECOND_QUERY }],
    defaultHeaders: '{\n  "Authorization": "Bearer "\n}',
    shouldPersistHeaders: false, // a token has no place in the browser's storage
    onEditHeaders: rememberHeaders,
  });
}

ReactDOM.createRoot(document.getElementById("explorer")).render(React.createElement(Explorer));
