// Resolvers with a DataLoader for each relation, for Apollo Server and Yoga.
import DataLoader from 'dataloader';
import { settings } from './settings.mjs';
import * as reads from './reads.mjs';

// The loaders of one request, which is about one workspace; `workspaceId` is set when the workspace is found.
export class Loaders {
  workspaceId = null;
  users = this.#loader(reads.users);
  states = this.#loader(reads.states);
  projects = this.#loader(reads.projects);
  assignees = this.#loader(reads.assignees);
  labels = this.#loader(reads.labels);
  #comments = new Map();

  comments(first, isCounted) {
    const key = `${first} ${isCounted}`;
    let loader = this.#comments.get(key);
    if (loader === undefined) {
      loader = this.#loader((workspaceId, ids) => reads.comments(workspaceId, ids, { first, isCounted }));
      this.#comments.set(key, loader);
    }
    return loader;
  }

  #loader(read) {
    return new DataLoader((ids) => read(this.workspaceId, ids));
  }
}

// Whether a field's selection has a child of that name; fragments, which no operation here uses, count as having it.
export const asksFor = (info, name) =>
  info.fieldNodes.some((node) =>
    node.selectionSet.selections.some((selection) => selection.kind !== 'Field' || selection.name.value === name),
  );

function within(loaders, workspaceId) {
  if (loaders) loaders.workspaceId = workspaceId;
  return workspaceId;
}

export const resolvers = {
  Query: {
    viewer: (_, __, { userId }) => reads.viewer(userId),
    workspace: (_, { slug }, { userId }) => reads.workspace(userId, slug),
  },
  Mutation: {
    issueUpdate: (_, { input }, { userId }) => reads.updateIssue(userId, settings.update, input),
  },
  Workspace: {
    issue: ({ id }, { identifier }, { loaders }) => reads.issueOf(within(loaders, id), identifier),
    issues: ({ id }, args, { loaders }) => reads.issuesOf(within(loaders, id), args),
  },
  Issue: {
    state: (issue, _, { loaders }) => loaders.states.load(issue.state_id),
    project: (issue, _, { loaders }) => loaders.projects.load(issue.project_id),
    creator: (issue, _, { loaders }) => loaders.users.load(issue.creator_id),
    assignees: (issue, _, { loaders }) => loaders.assignees.load(issue.id),
    labels: (issue, _, { loaders }) => loaders.labels.load(issue.id),
    comments: (issue, { first }, { loaders }, info) => loaders.comments(first, asksFor(info, 'totalCount')).load(issue.id),
  },
  Comment: {
    author: (comment, _, { loaders }) => loaders.users.load(comment.author_id),
  },
};
