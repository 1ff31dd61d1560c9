"""Documents that several tests of the sample run."""

BOOK_LIST = """query ($slug: String!, $first: Int!) { workspace(slug: $slug) {
  books(first: $first, sort: [{createdAt: {direction: DESC}}]) { nodes {
    id title condition createdAt dueOn shelf { id name } author { id name } tags { id name }
    volumes(first: 3) { totalCount nodes { id title createdAt author { id name } } } }
    pageInfo { hasNextPage endCursor } } } }"""
"""Books with all that they refer to, and the first volumes of each."""
