/** A value that panels look at: `state()`, `set(value)`, and `subscribe(listener)`, which answers how to stop. */
export function createStore(value) {
  const listeners = new Set();
  return {
    state: () => value,
    set(next) {
      value = next;
      listeners.forEach((listener) => listener());
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
