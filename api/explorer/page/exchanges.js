/** The last operations that ran and what came of them, newest first. */
import { createStore } from "./store.js";

const MOST = 20;

/**
 * Each is `{ request: { query, variables, operationName }, status, milliseconds, bytes, extensions, errors }`; one that
 * came over a socket has no status.
 */
export function createExchanges() {
  const store = createStore([]);
  return {
    state: store.state,
    subscribe: store.subscribe,
    add(exchange) {
      store.set([exchange, ...store.state()].slice(0, MOST));
    },
  };
}
