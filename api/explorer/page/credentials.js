/** Credentials for programs: the session's access token, or a new API key. The explorer neither stores nor logs them. */
import { h, useStore } from "./element.js";
import { timeOfDay } from "./quantities.js";

const SCOPES = [
  ["READ", "Read"],
  ["WRITE", "Read and write"],
  ["ADMIN", "Read, write and administer"],
];
const DAYS = [7, 30, 90, 365];
const CREATE = `mutation CreateApiKey($input: ApiKeyCreateInput!) {
  apiKeyCreate(input: $input) { key apiKey { name expiresAt } errors { message } }
}`;

export function credentials({ session }) {
  function Content() {
    const { person } = useStore(session);
    return h(React.Fragment, null, h("h2", null, "Credentials"), person === null ? h("p", null, "Sign in to create an API key.") : h(React.Fragment, null, h(AccessToken), h(NewKey)));
  }

  function AccessToken() {
    const { expiresAt } = useStore(session);
    return h(
      React.Fragment,
      null,
      h("p", null, "The access token of this session is for quick tests: it expires within minutes, and a copy is not renewed. Programs that run longer require an API key."),
      h(CopyButton, { label: "Copy access token", text: session.freshToken, copied: `Copied; valid until ${timeOfDay(expiresAt)}` }),
    );
  }

  function NewKey() {
    const [made, setMade] = React.useState(/** @type {{ secret: string, expiresAt: string } | null} */ (null));
    const [problem, setProblem] = React.useState(null);
    const [isBusy, setIsBusy] = React.useState(false);

    async function create(event) {
      event.preventDefault();
      const form = event.currentTarget;
      const given = new FormData(form);
      setIsBusy(true);
      setMade(null);
      try {
        setMade(await created({ name: given.get("name"), scopes: [given.get("scope")], expiresInDays: Number(given.get("days")) }));
        setProblem(null);
        form.reset();
      } catch (error) {
        setProblem(error.message);
      }
      setIsBusy(false);
    }

    return h(
      React.Fragment,
      null,
      h(
        "form",
        { onSubmit: create, "aria-label": "Create API key" },
        h("label", null, "Name of the API key", h("input", { name: "name", required: true, maxLength: 80, autoComplete: "off" })),
        h("label", null, "Scope", h("select", { name: "scope" }, ...SCOPES.map(([value, text]) => h("option", { key: value, value }, text)))),
        h("label", null, "Expires after", h("select", { name: "days", defaultValue: 90 }, ...DAYS.map((days) => h("option", { key: days, value: days }, `${days} days`)))),
        problem && h("p", { className: "problem", role: "alert" }, problem),
        h("button", { disabled: isBusy }, "Create API key"),
      ),
      made && h(Shown, { key: made.secret, ...made }),
    );
  }

  async function created(input) {
    const data = await session.ask(CREATE, { input });
    const refusals = data.apiKeyCreate.errors;
    if (refusals.length > 0) throw new Error(refusals.map(({ message }) => message).join(" "));
    const { key, apiKey } = data.apiKeyCreate;
    return { secret: key, expiresAt: apiKey.expiresAt };
  }

  return Content;
}

/** Shows a new API key until the panel is closed. */
function Shown({ secret, expiresAt }) {
  return h(
    "div",
    { role: "status", className: "made" },
    h("p", null, "Copy the key now: it is shown only once. It expires on ", new Date(expiresAt).toLocaleDateString("en", { dateStyle: "long" }), "."),
    h("pre", { tabIndex: 0, "aria-label": "API key" }, secret),
    h(CopyButton, { label: "Copy API key", text: () => secret, copied: "Copied" }),
  );
}

/** `text()` answers what to copy; without TLS, other than on loopback, pages may not write to the clipboard. */
function CopyButton({ label, text, copied }) {
  const [said, setSaid] = React.useState(null);

  async function copy() {
    try {
      if (navigator.clipboard === undefined) throw new Error("Browsers let a page copy only over HTTPS or on localhost.");
      await navigator.clipboard.writeText(await text());
      setSaid(copied);
    } catch (error) {
      setSaid(error.message);
    }
  }

  return h(React.Fragment, null, h("button", { type: "button", onClick: copy }, label), said && h("p", { role: "status" }, said));
}
