/** Puts the page together. */
import { createBrowserKeeper } from "./browser_token.js";
import { h, useStore } from "./element.js";
import { AnswerInView, EditorKeys, SearchKey } from "./editor_keys.js";
import { createEditorStorage } from "./editor_storage.js";
import { copyPanel } from "./copy_panel.js";
import { costPanel } from "./cost_panel.js";
import { createExchanges } from "./exchanges.js";
import { createFetcher } from "./fetcher.js";
import { firstTabs } from "./first_tabs.js";
import { KeepTabs, createKeptTabs } from "./kept_tabs.js";
import { createLive } from "./live.js";
import { livePanel } from "./live_panel.js";
import { samplesPanel } from "./samples_panel.js";
import { createSession } from "./session.js";
import { loadSettings } from "./settings.js";
import { signInPanel } from "./sign_in_panel.js";
import { statusLine } from "./status_line.js";
import { createSubscriptions } from "./subscriptions.js";
import { createTabKeeper } from "./tab_token.js";

const settings = await loadSettings();
const session = createSession(settings.isDevelopment ? createBrowserKeeper() : createTabKeeper());
const exchanges = createExchanges();
const subscriptions = createSubscriptions(session);
const live = createLive({ session, subscriptions });
const keptTabs = createKeptTabs(() => firstTabs(session.state(), settings));
const editorStorage = createEditorStorage(keptTabs);
const context = { session, exchanges, subscriptions, live, settings };

const signIn = signInPanel(context);
const panels = [signIn, samplesPanel(context), livePanel(context), costPanel(context), copyPanel(context), GraphiQLPluginExplorer.explorerPlugin()];
const extraHeaders = settings.isDevelopment ? { "X-Workgraph-Trace": "1" } : {};
const StatusLine = statusLine(context);

function Page() {
  const { person } = useStore(session);
  const wasStranger = React.useRef(false);
  wasStranger.current ||= person === null;
  if (person === null && settings.isForMembers) return h(Gate);
  // Another person is another explorer, so that nothing of one is shown to the next.
  return h(Opening, { key: person?.id ?? "nobody", opened: wasStranger.current ? signIn : null });
}

/** The sign-in form in an empty container of GraphiQL, which defines the colors. */
function Gate() {
  const main = h("main", { className: "gate" }, h("h1", null, "Workgraph"), h(signIn.content));
  return h("div", { className: "graphiql-container" }, main);
}

/** GraphiQL opens the pane of a panel that its store knows before it is drawn, and by no other means. */
function Opening({ opened }) {
  const [panel] = React.useState(opened);
  const [isReady, setIsReady] = React.useState(false);
  React.useEffect(() => setIsReady(true), []);
  if (isReady) return h(Explorer, { panel });
  return h(GraphiQL.React.PluginContextProvider, { plugins: panels, visiblePlugin: panel });
}

function Explorer({ panel }) {
  const { person } = useStore(session);
  const [fetcher] = React.useState(() => createFetcher({ session, exchanges, follow: subscriptions.follow, extraHeaders }));
  return h(
    GraphiQL,
    {
      fetcher,
      schema: person === null ? null : undefined, // only signed-in users can introspect it
      storage: editorStorage,
      plugins: panels,
      visiblePlugin: panel,
      defaultEditorToolsVisibility: "variables",
      shouldPersistHeaders: false,
    },
    h(GraphiQL.Footer, null, h(EditorKeys), h(SearchKey), h(AnswerInView), h(KeepTabs, { keptTabs }), h(StatusLine)),
  );
}

await session.resume();
ReactDOM.createRoot(/** @type {HTMLElement} */ (document.getElementById("explorer"))).render(h(Page));
