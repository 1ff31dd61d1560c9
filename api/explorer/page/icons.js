/** Line drawings of 24 by 24, in the colour of the text. */
import { h } from "./element.js";

function drawing(...paths) {
  return () =>
    h(
      "svg",
      { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5, "aria-hidden": true },
      ...paths.map((d) => h("path", { key: d, d, strokeLinecap: "round", strokeLinejoin: "round" })),
    );
}

export const PersonIcon = drawing("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M4 21c.6-4 3.7-6 8-6s7.4 2 8 6");
