/** Follows the changes of a workspace beside whatever the editor runs, which GraphiQL ends where one leaves its tab. */
import { createStore } from "./store.js";

const MOST = 100; // events that are kept, and IDs that one request asks for
const NOTHING = { workspace: null, events: [], names: {}, unseen: 0, problem: null };
export const ID = /^[a-z]+_[0-9a-z]{26}$/;
const FOLLOW = `subscription Live($workspace: String!, $after: Revision) {
  changes(workspace: $workspace, after: $after) {
    upTo
    events { revision kind occurredAt actor { name } subjectId changes { field before after } }
  }
}`;

const NAMES = `query Names($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Issue { identifier title }
    ... on Comment { issue { identifier title } }
    ... on Project { name }
    ... on State { name }
    ... on Label { name }
    ... on Milestone { name }
    ... on Workspace { name }
    ... on User { name }
    ... on Member { user { name } }
    ... on ProjectMember { member { user { name } } }
    ... on ImportRun { fileName }
    ... on Invitation { role }
  }
}`;

/**
 * `state()` is `{ workspace, events, names, unseen, problem }`: the followed workspace or null; its events, newest first.
 * `names` maps IDs to names of objects: null if the object is deleted or not visible, absent until the name is loaded.
 */
export function createLive({ session, subscriptions }) {
  const store = createStore(NOTHING);
  let leave = () => {};
  let watchers = 0;

  function follow(workspace) {
    leave();
    store.set({ ...NOTHING, workspace });
    let isCurrent = true;
    const request = { query: FOLLOW, variables: { workspace, after: null }, operationName: "Live" };
    const stop = subscriptions.follow(request, {
      next: (result) => isCurrent && note(result),
      complete: () => isCurrent && store.set({ ...store.state(), workspace: null }),
    });
    leave = () => {
      isCurrent = false;
      stop();
    };
  }

  function note({ data, errors }) {
    const known = store.state();
    if (errors) return store.set({ ...known, problem: errors.map(({ message }) => message).join(" ") });
    const news = [...data.changes.events].reverse();
    const unseen = watchers > 0 ? 0 : known.unseen + news.length;
    store.set({ ...known, events: [...news, ...known.events].slice(0, MOST), unseen });
    learnNames(news.slice(0, MOST)).catch((error) => console.warn("The names for Live could not be read.", error));
  }

  /** Loads the names of objects in the events. Reloads the names of subjects, which the events may have changed. */
  async function learnNames(events) {
    const { names } = store.state();
    const values = events.flatMap(({ changes }) => changes.flatMap(({ before, after }) => [...(before ?? []), ...(after ?? [])]));
    const unknown = values.filter((value) => ID.test(value) && !(value in names));
    const ids = [...new Set([...events.map(({ subjectId }) => subjectId), ...unknown])];
    for (let first = 0; first < ids.length; first += MOST) {
      const asked = ids.slice(first, first + MOST);
      const nodes = await session.ask(NAMES, { ids: asked });
      const found = Object.fromEntries(asked.map((id, place) => [id, nameOf(nodes.nodes[place])]));
      store.set({ ...store.state(), names: { ...store.state().names, ...found } });
    }
  }

  function stop() {
    leave();
    leave = () => {};
    store.set({ ...store.state(), workspace: null });
  }

  session.subscribe(() => {
    const { person, workspace } = session.state();
    if (person === null) {
      leave();
      store.set(NOTHING);
    } else if (store.state().workspace !== null && workspace !== store.state().workspace) {
      follow(workspace);
    }
  });

  return {
    state: store.state,
    subscribe: store.subscribe,
    follow,
    stop,
    /** Somebody looks at the events until the answer is called. */
    watch() {
      watchers += 1;
      store.set({ ...store.state(), unseen: 0 });
      return () => {
        watchers -= 1;
      };
    },
  };
}

function nameOf(node) {
  if (node === null) return null;
  const { identifier, title, name, issue, member, fileName, role } = node;
  const user = node.user ?? member?.user;
  if (issue) return `Comment on ${nameOf(issue)}`;
  if (identifier) return `${identifier} ${title}`;
  return name ?? user?.name ?? fileName ?? (role && `Invitation as ${role.toLowerCase()}`) ?? null;
}
