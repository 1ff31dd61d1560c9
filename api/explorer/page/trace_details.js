/** What a development server tells of how it ran an operation: its statements, and the code that it made of it. */
import { h } from "./element.js";
import { duration } from "./quantities.js";

const FIRST_SIGHT = "first sight";
const BEING_COMPILED = "being compiled"; // NotCompiledYet of strawberry_compiled/later.py

export function traceDetails({ executor, reason, plan, statements }) {
  const spent = statements.reduce((sum, each) => sum + each.milliseconds, 0);
  const count = `${statements.length} ${statements.length === 1 ? "statement" : "statements"}`;
  return h(
    React.Fragment,
    null,
    h("details", null, h("summary", null, statements.length === 0 ? "No statements" : `${count}, ${duration(spent)}`), h("ol", { className: "statements" }, ...statements.map((each, place) => h(Statement, { key: place, ...each })))),
    h("details", null, h("summary", null, executor === "compiled" ? "Ran compiled" : `Ran in ${executor}`), h("p", null, explained(executor, reason)), plan && h("pre", { tabIndex: 0, "aria-label": "Plan" }, plan)),
  );
}

function Statement({ text, milliseconds, rows, isWrite }) {
  const facts = [duration(milliseconds), rows >= 0 ? `${rows} ${rows === 1 ? "row" : "rows"}` : null, isWrite ? "transaction" : null];
  return h("li", null, h("span", null, facts.filter(Boolean).join(" · ")), h("pre", { tabIndex: 0 }, text));
}

function explained(executor, reason) {
  if (reason === FIRST_SIGHT) return "An operation is compiled when it runs for the second time. Run it again.";
  if (reason === BEING_COMPILED) return "The operation is being compiled. Run it again.";
  if (executor === "compiled") {
    return reason === null ? "Python code compiled from the operation:" : `Python code compiled from the operation, except for a part that graphql-core runs (${reason}):`;
  }
  return `The operation was not compiled: ${reason}.`;
}
