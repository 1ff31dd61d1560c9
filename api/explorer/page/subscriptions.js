/** Subscriptions over graphql-transport-ws that outlive tokens, restarts and short outages. */
import { createClient } from "/graphiql/vendor/graphql-ws.js";
import { SignedOut } from "./session.js";
import { createStore } from "./store.js";

const LONGEST_PAUSE = 30_000; // milliseconds, as all of these
const LASTING = 10_000; // a connection that stood so long was a good one
const KEEP_ALIVE = 20_000;
const LONGEST_SILENCE = 10_000; // after a ping, before the connection is taken for dead
const MESSAGE_TOO_BIG = 1009;
const UNAUTHORIZED = 4401;
const IN_TOUCH = { isWaiting: false, seconds: 0, isListening: false };
const TEMPORARY = new Set([4408, 4499]); // of the protocol's own codes; below 4400 nearly every end is

/** `follow(request, sink)` answers how to stop; `state()` is `{ isWaiting, seconds, isListening }`, the first two while the server is away. */
export function createSubscriptions(session) {
  const store = createStore(IN_TOUCH);
  const running = new Set();
  /** @type {{ openedAt: number | null, refusals: number, token: string | null, silence: number | undefined }} */
  const connection = { openedAt: null, refusals: 0, token: null, silence: undefined };
  const client = createClient({
    url: socketAddress(),
    keepAlive: KEEP_ALIVE,
    retryAttempts: 0, // here, since what was seen already need not be sent again
    connectionParams: async () => {
      const isRefused = connection.refusals > 0;
      connection.token = await (isRefused ? session.tokenAfter(connection.token) : session.freshToken());
      return { Authorization: `Bearer ${connection.token}` };
    },
    on: {
      connecting() {
        connection.openedAt = null;
      },
      connected() {
        connection.openedAt = performance.now();
        connection.refusals = 0;
        tellInTouch();
      },
      ping(isFromServer) {
        if (!isFromServer) connection.silence = setTimeout(() => client.terminate(), LONGEST_SILENCE);
      },
      pong: () => clearTimeout(connection.silence),
      closed(event) {
        clearTimeout(connection.silence);
        if (event.code === UNAUTHORIZED) connection.refusals += 1;
      },
    },
  });

  function tellInTouch() {
    store.set({ ...IN_TOUCH, isListening: running.size > 0 });
  }

  session.subscribe(() => {
    const { person, notice } = session.state();
    if (person !== null) return;
    running.forEach((stop) => stop(notice ?? "You have signed out."));
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
      tellInTouch();
      leave();
      if (message) sink.next({ errors: [{ message }] });
      sink.complete();
    }

    function start() {
      leave = client.subscribe(current, {
        next(result) {
          failures = 0;
          current = resumed(current, result);
          sink.next(result);
        },
        error: goOn,
        complete: () => stop(),
      });
    }

    /** `problem` is GraphQL's errors, a CloseEvent, another event of the socket's, or what asking for a token raised. */
    async function goOn(problem) {
      if (isOver) return;
      if (Array.isArray(problem)) return stop(problem.map((each) => each.message).join("\n"));
      if (problem instanceof SignedOut) return stop(problem.message);
      if (isFinal(problem, connection)) return stop(`The server ended the subscription: ${problem.reason || problem.code}.`);
      const { openedAt } = connection;
      failures = openedAt !== null && performance.now() - openedAt > LASTING ? 1 : failures + 1;
      if (problem.code !== UNAUTHORIZED) await pause(failures);
      if (!isOver) start();
    }

    async function pause(times) {
      const longest = Math.min(LONGEST_PAUSE, 500 * 2 ** times);
      const milliseconds = longest / 2 + Math.random() * (longest / 2);
      store.set({ isWaiting: true, seconds: Math.ceil(milliseconds / 1000), isListening: false });
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }

    running.add(stop);
    if (!store.state().isWaiting) tellInTouch();
    start();
    return () => stop();
  }

  return { follow, state: store.state, subscribe: store.subscribe };
}

function socketAddress() {
  const url = new URL("/graphql", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** Whether trying again cannot help; a token may be refused once, since it can have ended. */
function isFinal({ code }, { refusals }) {
  if (code === UNAUTHORIZED) return refusals > 1;
  return code === MESSAGE_TOO_BIG || (code >= 4400 && !TEMPORARY.has(code));
}

/** The request that goes on behind what this result has told, if it asks from a revision on. */
function resumed(request, result) {
  const upTo = result.data?.changes?.upTo;
  if (upTo === undefined || !/\$after\b/.test(request.query)) return request;
  return { ...request, variables: { ...request.variables, after: upTo } };
}
