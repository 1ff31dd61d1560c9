/** From one panel to another by its picture and name: the bar itself has pictures alone. */
import { h } from "./element.js";

/** `panel` is that other panel's title. */
export function PanelLink({ panel, icon, children }) {
  const { setVisiblePlugin } = GraphiQL.React.usePluginStore();
  return h(
    "button",
    { type: "button", className: "panel-link", "data-panel": panel, onClick: () => setVisiblePlugin(panel) },
    h(icon),
    h("span", null, h("strong", null, panel), " ", children),
  );
}
