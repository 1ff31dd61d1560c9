/** Subscriptions over graphql-transport-ws that outlive tokens, restarts and short outages. */
import { createStore } from "./store.js";

const LONGEST_PAUSE = 30_000; // milliseconds
const UNAUTHORIZED = 4401;
const TEMPORARY = new Set([4408, 4499]); // of the protocol's own codes; below 4400 every end is
const KEEP_ALIVE = 20_000;

/** `follow(request, sink)` answers how to stop; `state()` is `{ isWaiting, seconds }` while the server is away. */
export function createSubscriptions(session) {
  const store = createStore({ isWaiting: false, seconds: 0 });
  const url = new URL("/graphql", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const running = new Set();
  let token = null; // the one that the socket was opened with
  const client = graphqlWs.createClient({
    url: url.href,
    keepAlive: KEEP_ALIVE,
    retryAttempts: 0, // here, since what was seen already need not be sent again
    connectionParams: async () => {
      token = await session.freshToken();
      return { Authorization: `Bearer ${token}` };
    },
  });

  session.subscribe(() => {
    if (session.state().person !== null) return;
    running.forEach((stop) => stop("You have logged out."));
    client.terminate();
  });

  function follow(request, sink) {
    let isOver = false;
    let failures = 0;
    let leave = () => {};
    let current = request;

    function stop(message) {
      if (isOver) return;
      isOver = true;
      running.delete(stop);
      store.set({ isWaiting: false, seconds: 0 });
      leave();
      if (message) sink.next({ errors: [{ message }] });
      sink.complete();
    }

    function start() {
      leave = client.subscribe(current, {
        next(result) {
          failures = 0;
          store.set({ isWaiting: false, seconds: 0 });
          current = resumed(current, result);
          sink.next(result);
        },
        error: (problem) => goOn(problem).catch((error) => stop(error.message)),
        complete: () => stop(),
      });
    }

    async function goOn(problem) {
      if (isOver) return;
      if (Array.isArray(problem)) return stop(problem.map((each) => each.message).join("\n"));
      if (problem instanceof Error) throw problem; // of connectionParams: nobody is signed in
      failures += 1;
      if (problem.code === UNAUTHORIZED && failures === 1) {
        await session.tokenAfter(token);
      } else if (isFinal(problem)) {
        return stop(`The server has ended this: ${problem.reason || problem.code}.`);
      } else {
        await pause(failures);
      }
      if (!isOver) start();
    }

    async function pause(times) {
      const longest = Math.min(LONGEST_PAUSE, 500 * 2 ** times);
      const milliseconds = longest / 2 + Math.random() * (longest / 2);
      store.set({ isWaiting: true, seconds: Math.ceil(milliseconds / 1000) });
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }

    running.add(stop);
    start();
    return () => stop();
  }

  return { follow, state: store.state, subscribe: store.subscribe };
}

function isFinal({ code }) {
  return code >= 4400 && !TEMPORARY.has(code);
}

/** The request that goes on behind what this result has told, if it asks from a revision on. */
function resumed(request, result) {
  const upTo = result.data?.changes?.upTo;
  if (upTo === undefined || !/\$after\b/.test(request.query)) return request;
  return { ...request, variables: { ...request.variables, after: upTo } };
}
