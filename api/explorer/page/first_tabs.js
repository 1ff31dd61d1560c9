/** What a newcomer sees first. */
export const FIRST_TABS = [
  {
    title: "Issues",
    variables: "",
    query: `# Sign in, then press Ctrl-Enter
# or the button. "Samples" has
# more of these.

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
    title: "Changes",
    variables: "",
    query: `# What changes, as it happens.

subscription Changes {
  changes(workspace: "acme") {
    upTo
    events { revision kind occurredAt actor { name } subjectId }
  }
}
`,
  },
];
