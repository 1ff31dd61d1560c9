/** What operations have cost: points, time and size; in development also what the server did for them. */
import { h, useStore } from "./element.js";
import { CostIcon } from "./icons.js";
import { duration, points, size, timeOfDay } from "./quantities.js";
import { traceDetails } from "./trace_details.js";

const REFUSALS = new Set(["COST_LIMIT", "RATE_LIMITED"]);

export function costPanel({ exchanges }) {
  function Content() {
    const all = useStore(exchanges);
    const [chosen, setChosen] = React.useState(null);
    // What has just run is what one wants to see, whatever one was looking at.
    React.useEffect(() => setChosen(null), [all[0]]);
    const shown = chosen ?? all[0];
    return h(
      "section",
      { className: "panel cost", "aria-label": "Cost" },
      h("h2", null, "Cost"),
      shown === undefined ? h("p", null, "Run an operation to see what it cost.") : h(Exchange, { ...shown }),
      all.length > 1 && h(Earlier, { all, shown, choose: setChosen }),
    );
  }

  return { title: "Cost", icon: CostIcon, content: Content };
}

function Exchange({ request, status, milliseconds, bytes, extensions, errors, trace, events }) {
  const refusal = errors.find((error) => REFUSALS.has(error.extensions?.code));
  return h(
    React.Fragment,
    null,
    h("h3", null, nameOf(request)),
    refusal && h("p", { className: "problem", role: "alert" }, refusal.message),
    extensions.cost && h(Points, extensions.cost),
    h(
      "dl",
      null,
      ...fact("Took", milliseconds === null ? null : duration(milliseconds)),
      ...fact("On the server", trace && duration(trace.milliseconds)),
      ...fact("Events", events),
      ...fact(events ? "Last one" : "Size", size(bytes)),
      ...fact("Status", status),
    ),
    trace && traceDetails(trace),
  );
}

function Points({ requested, actual, limit, remaining, resetAt }) {
  const left = `${points(remaining)} of ${points(limit)} left`;
  return h(
    React.Fragment,
    null,
    h("p", { className: "points" }, h("strong", null, points(actual)), ` ${actual === 1 ? "point" : "points"} used of ${points(requested)} reserved`),
    h("progress", { value: remaining, max: limit, "aria-label": left }),
    h("p", null, remaining < limit ? `${left}, full again at ${timeOfDay(resetAt)}` : left),
  );
}

function fact(name, value) {
  return value === null || value === undefined ? [] : [h("dt", { key: name }, name), h("dd", { key: `${name} value` }, value)];
}

function Earlier({ all, shown, choose }) {
  return h(
    React.Fragment,
    null,
    h("h3", null, "Recent"),
    h(
      "ol",
      { className: "exchanges" },
      ...all.map((each, place) =>
        h(
          "li",
          { key: all.length - place },
          h("button", { type: "button", "aria-pressed": each === shown, onClick: () => choose(each) }, h("strong", null, nameOf(each.request)), h("span", null, summary(each))),
        ),
      ),
    ),
  );
}

function summary({ extensions, milliseconds, events }) {
  const spent = extensions.cost && `${points(extensions.cost.actual)} points`;
  return [spent, events ? `${events} events` : duration(milliseconds)].filter(Boolean).join(" · ");
}

/** Its name, or else how it begins. */
function nameOf({ operationName, query }) {
  if (operationName) return operationName;
  const text = query.replace(/^\s*#.*$/gm, "").replace(/\s+/g, " ").trim();
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
