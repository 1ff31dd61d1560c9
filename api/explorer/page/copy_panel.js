/** The current tab as a program in another language, the credentials that it needs, and the schema as a file. */
import { credentials } from "./credentials.js";
import { h, useStore } from "./element.js";
import { CopyAsIcon } from "./icons.js";
import { LANGUAGES } from "./snippets.js";

const SCHEMA = "/graphql/schema.graphql";

export function copyPanel({ session }) {
  const Credentials = credentials({ session });

  function Content() {
    const [chosen, setChosen] = React.useState(LANGUAGES[0].name);
    const operation = useOperation();
    return h(
      "section",
      { className: "panel copy", "aria-label": "Copy as" },
      h("h2", null, "Copy as"),
      h("div", { className: "choices", role: "group", "aria-label": "Language" }, ...LANGUAGES.map(({ name }) => h("button", { key: name, type: "button", "aria-pressed": name === chosen, onClick: () => setChosen(name) }, name))),
      typeof operation === "string" ? h("p", { role: "status" }, operation) : h(Program, { key: chosen, language: LANGUAGES.find(({ name }) => name === chosen), operation }),
      h(Credentials),
      h("h2", null, "Schema"),
      h(Download),
    );
  }

  function Download() {
    const { person } = useStore(session);
    const [problem, setProblem] = React.useState(null);

    async function download() {
      try {
        const response = await session.fetch(SCHEMA);
        if (!response.ok) throw new Error(`The server responded with status ${response.status}.`);
        save(await response.blob(), "schema.graphql");
        setProblem(null);
      } catch (error) {
        setProblem(error.message);
      }
    }

    return h(
      React.Fragment,
      null,
      h("p", null, "The complete schema with descriptions, for code generators and editors."),
      h("button", { type: "button", disabled: person === null, onClick: download }, "Download schema.graphql"),
      person === null && h("p", null, "Sign in to download the schema."),
      problem && h("p", { className: "problem", role: "alert" }, problem),
    );
  }

  return { title: "Copy as", icon: CopyAsIcon, content: Content };
}

function Program({ language, operation }) {
  const [isCopied, setIsCopied] = React.useState(false);
  const program = React.useRef(/** @type {any} */ (null));
  if (!language.isWritten(operation)) {
    return h("p", { role: "status" }, `Subscriptions require a WebSocket, which ${language.name} does not support.`);
  }
  const text = language.write(operation);

  async function copy() {
    // Without TLS, other than on loopback, pages may not write to the clipboard: then the keys do it.
    getSelection()?.selectAllChildren(program.current);
    await navigator.clipboard?.writeText(text);
    setIsCopied(navigator.clipboard !== undefined);
    setTimeout(() => setIsCopied(false), 2000);
  }

  return h(
    React.Fragment,
    null,
    h("pre", { ref: program, tabIndex: 0, "aria-label": `${language.name} program` }, text),
    h("button", { type: "button", className: "primary", onClick: copy }, isCopied ? "Copied" : "Copy"),
    h("p", null, "The program reads the environment variable ", h("code", null, "WORKGRAPH_TOKEN"), ": an access token or, better, an API key."),
  );
}

/** What the editors hold, for the generators; or a sentence that says what is amiss. */
function useOperation() {
  const { tabs, activeTabIndex, queryEditor } = GraphiQL.React.useEditorContext();
  const { query, variables, operationName } = tabs[activeTabIndex];
  const operations = queryEditor?.operations ?? [];
  const chosen = operations.find((each) => each.name?.value === operationName) ?? operations[0];
  if (!chosen) return query?.trim() ? "The editor has no operation that can be parsed." : "The editor is empty.";
  let values;
  try {
    values = variables?.trim() ? JSON.parse(variables) : null;
  } catch {
    return "The variables are not valid JSON.";
  }
  return {
    url: new URL("/graphql", location.href).href,
    query,
    variables: values,
    operationName: operations.length > 1 ? operationName : null,
    isSubscription: chosen.operation === "subscription",
  };
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
