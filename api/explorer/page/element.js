/** React, as a page without a build step writes it: `h("p", { className: "x" }, "text")`. */
export const h = React.createElement;

/** What a store says now; the component is drawn again whenever that changes. */
export function useStore(store) {
  return React.useSyncExternalStore(store.subscribe, store.state);
}
