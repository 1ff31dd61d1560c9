/** Sign in, see who you are and where you belong, sign out. */
import { PanelLink, h, useStore } from "./element.js";
import { LiveIcon, PersonIcon, SampleIcon } from "./icons.js";

export function signInPanel({ session, settings }) {
  const { keeping } = session;

  function Content() {
    const { person } = useStore(session);
    return h("section", { className: "panel" }, person === null ? h(Form) : h(Account));
  }

  function Form() {
    const { notice } = useStore(session);
    const [problem, setProblem] = React.useState(null);
    const [isBusy, setIsBusy] = React.useState(false);

    async function signIn(credentials, form) {
      setIsBusy(true);
      setProblem(null);
      try {
        await session.signIn({ ...credentials, isKept: new FormData(form).has("kept") });
      } catch (error) {
        setProblem(error.message);
        setIsBusy(false);
      }
    }

    function submit(event) {
      event.preventDefault();
      const given = new FormData(event.currentTarget);
      signIn({ email: given.get("email"), password: given.get("password") }, event.currentTarget);
    }

    const said = problem ?? notice;
    return h(
      "form",
      { onSubmit: submit, "aria-label": "Sign in" },
      h("h2", null, "Sign in"),
      h(Field, { label: "Email", name: "email", type: "email", autoComplete: "username" }),
      h(Field, { label: "Password", name: "password", type: "password", autoComplete: "current-password" }),
      keeping.isAble && h("label", { className: "check" }, h("input", { type: "checkbox", name: "kept", defaultChecked: keeping.isDefault }), ` ${keeping.wish}`),
      said && h("p", { className: "problem", role: "alert" }, said),
      h("button", { className: "primary", disabled: isBusy }, isBusy ? "Signing in…" : "Sign in"),
      settings.demo &&
        h(
          "button",
          { type: "button", disabled: isBusy, onClick: (event) => signIn(settings.demo, event.currentTarget.form) },
          `Sign in as ${settings.demo.email}`,
        ),
      h("p", { className: "links" }, h("a", { href: "/auth/register" }, "Sign up"), " · ", h("a", { href: "/auth/password/forgot" }, "Reset your password")),
    );
  }

  function Account() {
    const { person, workspaces, workspace } = useStore(session);
    const heading = React.useRef(/** @type {any} */ (null));
    React.useEffect(() => {
      if (document.activeElement === document.body) heading.current.focus(); // it was in the form, which is gone
    }, []);
    return h(
      "div",
      { className: "account" },
      h("h2", { ref: heading, tabIndex: -1 }, "You are signed in"),
      h("p", { className: "person" }, h("span", { className: "initials", "aria-hidden": true }, person.initials), h("span", null, h("strong", null, person.name), h("br"), person.email)),
      workspaces.length === 0
        ? h("p", null, "You have no workspace yet. The first tab creates one: check its variables and press Ctrl-Enter.")
        : h(
            "label",
            null,
            "Workspace of Samples and Live",
            h(
              "select",
              { value: workspace, onChange: (event) => session.choose(event.target.value) },
              ...workspaces.map(({ slug, name, role }) => h("option", { key: slug, value: slug }, `${name} (${role})`)),
            ),
          ),
      h("button", { type: "button", onClick: () => session.signOut() }, "Sign out"),
      h("p", null, "Press Ctrl-Enter to run the operation in the editor. The bar on the left has more:"),
      h(PanelLink, { panel: "Samples", icon: SampleIcon }, "has more operations to run"),
      h(PanelLink, { panel: "Live", icon: LiveIcon }, "shows changes as they happen"),
    );
  }

  return { title: "Sign in", icon: PersonIcon, content: Content };
}

function Field({ label, ...input }) {
  return h("label", null, label, h("input", { required: true, ...input }));
}
