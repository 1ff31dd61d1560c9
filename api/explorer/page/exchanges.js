/** The last operations that ran and what came of them, newest first. */
import { createStore } from "./store.js";

const MOST = 20;

/**
 * Each is `{ request: { query, variables, operationName }, status, milliseconds, bytes, extensions, errors, trace }`;
 * a subscription's is its last event, with their number as `events`. Only in development there is a trace.
 */
export function createExchanges() {
  const store = createStore([]);
  return {
    state: store.state,
    subscribe: store.subscribe,
    /** Puts it first, in place of an earlier one if there is such. */
    add(exchange, earlier = null) {
      const others = store.state().filter((each) => each !== earlier);
      store.set([exchange, ...others].slice(0, MOST));
      return exchange;
    },
  };
}
