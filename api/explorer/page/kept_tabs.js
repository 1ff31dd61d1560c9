/**
 * The editor's tabs over reloads: as this browser tab had them, or else as the browser's latest one did.
 *
 * GraphiQL's own copy does not come back without headers, which must not be stored; it also takes the last of two equal
 * tabs for the active one, and writes half a second late. So it is handed this copy whenever it looks for its own.
 */
const NAME = "workgraph:tabs";

/** `firstTabs()` is what to show where nothing is kept: `[{ title, query, variables }]`. */
export function createKeptTabs(firstTabs) {
  function read() {
    const text = sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME);
    return text === null ? null : JSON.parse(text);
  }

  return {
    /** `{ activeTabIndex, tabs: [{ id, title, query, variables, operationName }] }`, at least one tab. */
    state: () => read() ?? { activeTabIndex: 0, tabs: firstTabs().map(asTab) },

    keep({ activeTabIndex, tabs }) {
      const kept = tabs.map(({ id, title, query, variables, operationName }) => ({ id, title, query, variables, operationName }));
      const text = JSON.stringify({ activeTabIndex, tabs: kept });
      try {
        for (const storage of [sessionStorage, localStorage]) storage.setItem(NAME, text);
      } catch (error) {
        console.warn("The browser has no room to keep the tabs over a reload.", error);
      }
    },

    isKept: () => sessionStorage.getItem(NAME) !== null,

    clear() {
      for (const storage of [sessionStorage, localStorage]) storage.removeItem(NAME);
    },
  };
}

/** Notes every change of the tabs, and at the end what the editors hold and GraphiQL has not read yet. */
export function KeepTabs({ keptTabs }) {
  const { tabs, activeTabIndex, changeTab, queryEditor, variableEditor } = GraphiQL.React.useEditorContext();
  const [wanted] = React.useState(() => keptTabs.state().activeTabIndex);
  const latest = React.useRef(null);
  latest.current = { tabs, activeTabIndex, queryEditor, variableEditor };

  React.useEffect(() => {
    if (activeTabIndex !== wanted) changeTab(wanted);
    const keepLatest = () => keptTabs.isKept() && keptTabs.keep(withEditors(latest.current)); // unless they were cleared
    addEventListener("pagehide", keepLatest);
    return () => {
      removeEventListener("pagehide", keepLatest);
      keepLatest();
    };
  }, []);
  React.useEffect(() => keptTabs.keep({ tabs, activeTabIndex }), [tabs, activeTabIndex]);
  return null;
}

function withEditors({ tabs, activeTabIndex, queryEditor, variableEditor }) {
  if (!queryEditor || !variableEditor) return { tabs, activeTabIndex };
  const active = { ...tabs[activeTabIndex], query: queryEditor.getValue(), variables: variableEditor.getValue() };
  return { tabs: tabs.map((tab, place) => (place === activeTabIndex ? active : tab)), activeTabIndex };
}

function asTab({ title, query, variables }, place) {
  return { id: `first-${place}`, title, query, variables, operationName: title };
}
