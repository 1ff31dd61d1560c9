/** What a newcomer sees first. No variables: GraphiQL drops those of the first tab. */
export const FIRST_TABS = [
  {
    query: `# Log in at the left, then press Ctrl-Enter (Cmd-Enter on a Mac).
# The samples, in the panel below the log-in, show more.

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
`,
  },
  {
    query: `# Everything that changes in the workspace, as it happens.

subscription Changes {
  changes(workspace: "acme") {
    upTo
    events { revision kind occurredAt actor { name } subjectId }
  }
}
`,
  },
];
