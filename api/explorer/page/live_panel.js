/** What changes in the workspace, as it happens. */
import { PanelLink, h, useStore } from "./element.js";
import { LiveIcon, SampleIcon } from "./icons.js";
import { ID } from "./live.js";
import { timeOfDay } from "./quantities.js";

const LONGEST = 60; // characters of a value
const GONE = "deleted, or not visible to you";

export function livePanel({ session, live }) {
  function Content() {
    const { person } = useStore(session);
    return h("section", { className: "panel live", "aria-label": "Live" }, h("h2", null, "Live"), person === null ? h("p", null, "Sign in first: only members of a workspace can see its changes.") : h(Feed));
  }

  function Feed() {
    const { workspace } = useStore(session);
    const { workspace: followed, events, names, problem } = useStore(live);
    React.useEffect(live.watch, []);
    if (workspace === null) return h("p", null, "You have no workspace yet: create one with a sample.");
    return h(
      React.Fragment,
      null,
      h("p", null, "Shows every change in ", h("strong", null, workspace), " as it happens, also while another panel is open."),
      followed === null
        ? h("button", { type: "button", className: "primary", onClick: () => live.follow(workspace) }, "Follow")
        : h("button", { type: "button", onClick: live.stop }, "Stop"),
      problem && h("p", { className: "problem", role: "alert" }, problem),
      followed !== null && events.length === 0 && h(Silence),
      h("ol", { className: "events", "aria-live": "polite" }, ...events.map((event) => h(Event, { key: event.revision, names, ...event }))),
    );
  }

  return { title: "Live", icon: LiveIcon, content: Content };
}

function Silence() {
  return h(
    React.Fragment,
    null,
    h("p", null, "No changes yet. Changes made here or in another window appear here."),
    h(PanelLink, { panel: "Samples", icon: SampleIcon }, "has “Create an issue” and “Change an issue”"),
  );
}

function Event({ revision, kind, occurredAt, actor, subjectId, changes, names }) {
  return h(
    "li",
    null,
    h("strong", null, words(kind)),
    h("span", null, `${actor?.name ?? "The server"} · ${timeOfDay(occurredAt)} · revision ${revision}`),
    h(Subject, { id: subjectId, name: names[subjectId] }),
    ...changes.filter(isSeen).map(({ field, before, after }) => h("span", { key: field }, `${words(field.replace(/Ids?$/, ""))}: ${told(before, names)} → ${told(after, names)}`)),
  );
}

/** A name with its ID as tooltip. */
function Subject({ id, name }) {
  return h(name ? "b" : "span", { title: id }, called(name));
}

function called(name) {
  return name === undefined ? "…" : (name ?? GONE);
}

function words(name) {
  const text = name.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
  return text[0].toUpperCase() + text.slice(1);
}

/** An empty text of a new issue is no news. */
function isSeen({ before, after }) {
  return whole(before) !== whole(after);
}

/** Values are lists of texts; null stands for none. */
function whole(values) {
  return (values ?? []).join(", ") || "none";
}

function told(values, names) {
  const text = whole(values?.map((value) => (ID.test(value) ? called(names[value]) : value)));
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
