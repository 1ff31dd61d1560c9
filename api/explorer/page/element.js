/**
 * React, as a page without a build step writes it: `h("p", { className: "x" }, "text")`.
 *
 * @type {(type: any, props?: object | null, ...children: any[]) => React.ReactElement}
 */
export const h = React.createElement;

/** What a store says now; the component is drawn again whenever that changes. */
export function useStore(store) {
  return React.useSyncExternalStore(store.subscribe, store.state);
}

/** From one panel to another, by its title and its picture: the bar itself has pictures alone. */
export function PanelLink({ panel, icon, children }) {
  const { setVisiblePlugin } = GraphiQL.React.usePluginStore();
  return h(
    "button",
    { type: "button", className: "panel-link", "data-panel": panel, onClick: () => setVisiblePlugin(panel) },
    h(icon),
    h("span", null, h("strong", null, panel), " ", children),
  );
}
