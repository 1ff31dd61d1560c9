/** Line drawings of 24 by 24, in the color of the text. */
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
export const SampleIcon = drawing("M5 4h14v16H5Z", "M9 9h6", "M9 13h6", "M9 17h3");
export const CopyAsIcon = drawing("m8 8-4 4 4 4", "m16 8 4 4-4 4", "m13.5 5-3 14");
export const CostIcon = drawing("M4 18a8 8 0 1 1 16 0", "m12 18 4-6", "M4 18h16");
export const LiveIcon = drawing("M3 12h4l3-7 4 14 3-7h4");
