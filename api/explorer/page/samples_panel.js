/** A menu of operations that work as they are. */
import { NARROW } from "./editor_keys.js";
import { h, useStore } from "./element.js";
import { SampleIcon } from "./icons.js";
import { useNewTab } from "./new_tab.js";
import { createSamples } from "./samples.js";

const MANY = 10;

export function samplesPanel({ session }) {
  const samples = createSamples(session);

  function Content() {
    const { person } = useStore(session);
    return h("section", { className: "panel", "aria-label": "Samples" }, h("h2", null, "Samples"), person === null ? h("p", null, "Sign in first: samples are filled with data that you can see.") : h(Menu));
  }

  function Menu() {
    const { workspace } = useStore(session);
    const { setVisiblePlugin } = GraphiQL.React.usePluginStore();
    const openTab = useNewTab(() => {
      if (matchMedia(NARROW).matches) setVisiblePlugin(null); // the editors stand below the panel
    });
    const [all, setAll] = React.useState([]);
    const [wanted, setWanted] = React.useState("");
    const [said, setSaid] = React.useState(/** @type {string | null} */ (null));

    React.useEffect(() => {
      samples.list(workspace).then(setAll, (error) => setSaid(error.message));
    }, [workspace]);

    async function open(sample) {
      try {
        const { missing, ...operation } = await samples.filled(sample);
        setSaid(missing.length > 0 ? `${workspace} has no data yet for ${missing.join(", ")} in the variables.` : null);
        openTab(operation);
      } catch (error) {
        setSaid(error.message);
      }
    }

    const found = all.filter((sample) => isMeant(sample, wanted));
    return h(
      React.Fragment,
      null,
      workspace === null
        ? h("p", null, "You have no workspace yet. Create one; then this panel has more samples.")
        : h("p", null, "Select a sample to open it in a new tab, with variables for ", h("strong", null, workspace), "."),
      all.length > MANY && h(Search, { wanted, setWanted, choose: () => found.length > 0 && open(found[0]) }),
      said && h("p", { className: "problem", role: "alert" }, said),
      h("ul", { className: "samples" }, ...found.map((sample) => h(Entry, { key: sample.file, sample, open }))),
      all.length > 0 && found.length === 0 && h("p", null, `No sample matches “${wanted}”.`),
    );
  }

  return { title: "Samples", icon: SampleIcon, content: Content };
}

function isMeant({ title, shows }, wanted) {
  const text = `${title} ${shows}`.toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Enter opens the first that is found. */
function Search({ wanted, setWanted, choose }) {
  function submit(event) {
    event.preventDefault();
    choose();
  }
  const input = { type: "search", value: wanted, placeholder: "Find a sample", "aria-label": "Find a sample" };
  return h("form", { onSubmit: submit }, h("input", { ...input, onChange: (event) => setWanted(event.target.value) }));
}

function Entry({ sample, open }) {
  return h(
    "li",
    null,
    h("button", { type: "button", onClick: () => open(sample) }, h("strong", null, sample.title), h("span", null, sample.shows)),
  );
}
