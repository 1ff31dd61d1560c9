/** Follows the changes of a workspace beside whatever the editor runs, which GraphiQL ends where one leaves its tab. */
import { createStore } from "./store.js";

const MOST = 100;
const NOTHING = { workspace: null, events: [], unseen: 0, problem: null };
const FOLLOW = `subscription Live($workspace: String!, $after: Revision) {
  changes(workspace: $workspace, after: $after) {
    upTo
    events { revision kind occurredAt actor { name } subjectId changes { field before after } }
  }
}`;

/** `state()` is `{ workspace, events, unseen, problem }`: what is followed or null, and the newest events first. */
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
