/** Log in, see who you are and where you belong, log out. */
import { PanelLink, h, useStore } from "./element.js";
import { LiveIcon, PersonIcon, SampleIcon } from "./icons.js";

export function loginPanel({ session, settings }) {
  function Content() {
    const { person } = useStore(session);
    return h("section", { className: "panel" }, person === null ? h(Form) : h(Account));
  }

  function Form() {
    const { notice } = useStore(session);
    const [problem, setProblem] = React.useState(null);
    const [isBusy, setIsBusy] = React.useState(false);

    async function logIn(credentials) {
      setIsBusy(true);
      setProblem(null);
      try {
        await session.logIn(credentials);
      } catch (error) {
        setProblem(error.message);
        setIsBusy(false);
      }
    }

    function submit(event) {
      event.preventDefault();
      const given = new FormData(event.currentTarget);
      logIn({ email: given.get("email"), password: given.get("password"), isKept: given.get("kept") === "on" });
    }

    const said = problem ?? notice;
    return h(
      "form",
      { onSubmit: submit, "aria-label": "Log in" },
      h("h2", null, "Log in"),
      h(Field, { label: "E-mail", name: "email", type: "email", autoComplete: "username" }),
      h(Field, { label: "Password", name: "password", type: "password", autoComplete: "current-password" }),
      session.canBeKept && h("label", { className: "check" }, h("input", { type: "checkbox", name: "kept" }), " Stay logged in in this tab"),
      said && h("p", { className: "problem", role: "alert" }, said),
      h("button", { className: "primary", disabled: isBusy }, isBusy ? "Logging in…" : "Log in"),
      settings.demo &&
        h(
          "button",
          { type: "button", disabled: isBusy, onClick: () => logIn({ ...settings.demo, isKept: false }) },
          `Log in as ${settings.demo.email}`,
        ),
    );
  }

  function Account() {
    const { person, workspaces, workspace } = useStore(session);
    const heading = React.useRef(null);
    React.useEffect(() => {
      if (document.activeElement === document.body) heading.current.focus(); // it was in the form, which is gone
    }, []);
    return h(
      "div",
      { className: "account" },
      h("h2", { ref: heading, tabIndex: -1 }, "You are logged in"),
      h("p", { className: "person" }, h("span", { className: "initials", "aria-hidden": true }, person.initials), h("span", null, h("strong", null, person.name), h("br"), person.email)),
      workspaces.length === 0
        ? h("p", null, "You belong to no workspace yet: create one with the mutation workspaceCreate.")
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
      h("button", { onClick: () => session.logOut() }, "Log out"),
      h("p", null, "Ctrl-Enter runs what stands in the tab. There is more in the bar:"),
      h(PanelLink, { panel: "Samples", icon: SampleIcon }, "has more to run"),
      h(PanelLink, { panel: "Live", icon: LiveIcon }, "shows changes as they are made"),
    );
  }

  return { title: "Log in", icon: PersonIcon, content: Content };
}

function Field({ label, ...input }) {
  return h("label", null, label, h("input", { required: true, ...input }));
}
