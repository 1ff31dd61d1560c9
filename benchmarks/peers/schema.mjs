// The part of Workgraph's schema that the operations use, under the same names.
export const typeDefs = /* GraphQL */ `
  scalar DateTime
  scalar Date
  enum IssuePriority { NONE LOW MEDIUM HIGH URGENT }
  enum StateCategory { BACKLOG UNSTARTED STARTED COMPLETED CANCELED }
  enum SortDirection { ASC DESC }

  type User { id: ID! name: String! }
  type State { id: ID! name: String! category: StateCategory! }
  type Project { id: ID! key: String! name: String! }
  type Label { id: ID! name: String! color: String! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }

  type Comment { id: ID! body: String! createdAt: DateTime! author: User! }
  type CommentConnection { nodes: [Comment!]! pageInfo: PageInfo! totalCount: Int! }

  type Issue {
    id: ID!
    identifier: String!
    number: Int!
    title: String!
    description: String!
    priority: IssuePriority!
    dueDate: Date
    createdAt: DateTime!
    updatedAt: DateTime!
    state: State!
    project: Project!
    creator: User!
    assignees: [User!]!
    labels: [Label!]!
    comments(first: Int): CommentConnection!
  }
  type IssueConnection { nodes: [Issue!]! pageInfo: PageInfo! }

  input SortOrder { direction: SortDirection! = ASC }
  input IssueSort { createdAt: SortOrder updatedAt: SortOrder }
  input StateCategoryEnumComparator { eq: StateCategory in: [StateCategory!] }
  input IssuePriorityEnumComparator { eq: IssuePriority in: [IssuePriority!] }
  input StringComparator { eq: String in: [String!] }
  input StateFilter { category: StateCategoryEnumComparator name: StringComparator }
  input LabelFilter { name: StringComparator }
  input LabelFilterListFilter { some: LabelFilter none: LabelFilter }
  input IssueFilter { state: StateFilter priority: IssuePriorityEnumComparator labels: LabelFilterListFilter }

  type Workspace {
    id: ID!
    slug: String!
    name: String!
    issue(identifier: String!): Issue
    issues(first: Int, filter: IssueFilter, sort: [IssueSort!]): IssueConnection!
  }

  type UserError { message: String! }
  input IssueUpdateInput { id: ID! title: String! }
  type IssueUpdatePayload { errors: [UserError!]! issue: Issue }

  type Query { viewer: User! workspace(slug: String!): Workspace }
  type Mutation { issueUpdate(input: IssueUpdateInput!): IssueUpdatePayload! }
`;
