/** GraphiQL's storage: the tabs come from kept_tabs.js, and the history is written without headers. */
const PREFIX = "graphiql:";
const OF_TABS = {
  tabState: ({ activeTabIndex, tabs }) => JSON.stringify({ activeTabIndex, tabs: tabs.map((tab) => ({ ...tab, headers: null, response: null })) }),
  query: ({ activeTabIndex, tabs }) => tabs[activeTabIndex].query,
  variables: ({ activeTabIndex, tabs }) => tabs[activeTabIndex].variables,
  operationName: ({ activeTabIndex, tabs }) => tabs[activeTabIndex].operationName,
  headers: () => null,
};
const PANEL = 250; // pixels
const EDITOR = 615; // pixels, for 60 columns, the line numbers and the buttons
const ROOM = { bar: 60, margins: 50, answer: 260 }; // pixels
/** Default division of the page: the ratio of the first part to the second, in the format of GraphiQL. */
const RELATIONS = {
  docExplorerFlex: () => PANEL / (innerWidth - ROOM.bar - PANEL),
  editorFlex() {
    const both = innerWidth - ROOM.bar - PANEL - ROOM.margins;
    const editor = Math.max(Math.min(EDITOR, both - ROOM.answer), both / 2);
    return editor / (both - editor);
  },
};
const HISTORIES = ["queries", "favorites"]; // each `{ [name]: [{ query, variables, headers, … }] }`

export function createEditorStorage(keptTabs) {
  function ours() {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  }

  return {
    get length() {
      return ours().length;
    },

    getItem(key) {
      const ofTabs = OF_TABS[nameOf(key)];
      if (ofTabs) return ofTabs(keptTabs.state());
      return localStorage.getItem(key) ?? RELATIONS[nameOf(key)]?.().toFixed(3) ?? null;
    },

    setItem(key, value) {
      const name = nameOf(key);
      if (name in OF_TABS) return;
      localStorage.setItem(key, HISTORIES.includes(name) ? withoutHeaders(name, value) : value);
    },

    removeItem: (key) => localStorage.removeItem(key),

    /** The button "Clear data" of GraphiQL's settings. */
    clear() {
      ours().forEach((key) => localStorage.removeItem(key));
      keptTabs.clear();
    },
  };
}

function nameOf(key) {
  return key.slice(PREFIX.length);
}

function withoutHeaders(name, text) {
  const items = JSON.parse(text)[name].map(({ headers, ...item }) => item);
  return JSON.stringify({ [name]: items });
}
