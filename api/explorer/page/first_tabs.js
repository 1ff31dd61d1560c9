/** First tabs of the explorer, with variables that fit the user. */
import { suggested } from "./samples.js";

const DEMO = "acme"; // the workspace of the demo data

const CREATE_WORKSPACE = {
  title: "CreateWorkspace",
  query: `# Creates a workspace; you become its owner. Queries name it
# by its slug: change that in the variables if it is taken.
mutation CreateWorkspace($input: WorkspaceCreateInput!) {
  workspaceCreate(input: $input) {
    workspace { id slug name }
    revision
    errors { code message path }
  }
}
`,
};

const ISSUES = {
  title: "Issues",
  query: `# Sign in, then press Ctrl-Enter to run this. The panel
# "Samples" has more operations.

query Issues($workspace: String!) {
  workspace(slug: $workspace) {
    name
    issues(
      first: 10
      sort: [{ createdAt: { direction: DESC } }]
    ) {
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
`,
};

const CHANGES = {
  title: "Changes",
  query: `# Changes of the workspace, as they happen.

subscription Changes($workspace: String!) {
  changes(workspace: $workspace) {
    upTo
    events {
      revision
      kind
      occurredAt
      actor { name }
      subjectId
    }
  }
}
`,
};

/** `[{ title, query, variables }]` for the state of a session. */
export function firstTabs(state, { demo }) {
  const { person, workspace } = state;
  if (person === null) return tabsOf(demo ? DEMO : "my-workspace");
  if (workspace !== null) return tabsOf(workspace);
  const [name, slug] = ["{newName}", "{newSlug}"].map((each) => suggested(each, state));
  return [{ ...CREATE_WORKSPACE, variables: written({ input: { name, slug } }) }, ...tabsOf(slug)];
}

function tabsOf(workspace) {
  return [ISSUES, CHANGES].map((tab) => ({ ...tab, variables: written({ workspace }) }));
}

/** Variables in the format of samples.js, so that the tab of a sample is found. */
function written(variables) {
  return JSON.stringify(variables, null, 2);
}
