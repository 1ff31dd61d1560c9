/** GraphiQL's storage: the tabs come from kept_tabs.js, and the history is written without headers. */
const PREFIX = "graphiql:";
const OF_TABS = {
  tabState: ({ activeTabIndex, tabs }) => JSON.stringify({ activeTabIndex, tabs: tabs.map((tab) => ({ ...tab, headers: null, response: null })) }),
  query: ({ activeTabIndex, tabs }) => tabs[activeTabIndex].query,
  variables: ({ activeTabIndex, tabs }) => tabs[activeTabIndex].variables,
  operationName: ({ activeTabIndex, tabs }) => tabs[activeTabIndex].operationName,
  headers: () => null,
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
      return ofTabs ? ofTabs(keptTabs.state()) : localStorage.getItem(key);
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
