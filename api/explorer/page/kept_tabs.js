/**
 * Keeps the editor's tabs over reloads: those of this browser tab, or else those of the latest browser tab.
 *
 * GraphiQL restores its own copy only with headers, which must not be stored. It also activates the last of two equal
 * tabs, and writes half a second late. Therefore GraphiQL gets this copy whenever it reads its own.
 */
const NAME = "workgraph:tabs";

/** `firstTabs()` are the tabs to show unless the user has changed a tab: `[{ title, query, variables }]`. */
export function createKeptTabs(firstTabs) {
  let shown = /** @type {string | null} */ (null); // of the first tabs, those that the editor was opened with, as text

  function read() {
    const text = sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME);
    return text === null ? null : JSON.parse(text);
  }

  return {
    /** `{ activeTabIndex, tabs: [{ id, title, query, variables, operationName }] }`, at least one tab. */
    state() {
      const tabs = firstTabs().map(asTab);
      shown = asText(tabs);
      const kept = read();
      if (kept !== null && !kept.areFirst) return kept;
      return { activeTabIndex: Math.min(kept?.activeTabIndex ?? 0, tabs.length - 1), tabs };
    },

    keep({ activeTabIndex, tabs }) {
      const kept = tabs.map(({ id, title, query, variables, operationName }) => ({ id, title, query, variables, operationName }));
      const text = JSON.stringify({ activeTabIndex, tabs: kept, areFirst: asText(kept) === shown });
      try {
        for (const storage of [sessionStorage, localStorage]) storage.setItem(NAME, text);
      } catch (error) {
        console.warn("The browser has no space to keep the tabs over a reload.", error);
      }
    },

    isKept: () => sessionStorage.getItem(NAME) !== null,

    clear() {
      for (const storage of [sessionStorage, localStorage]) storage.removeItem(NAME);
    },
  };
}

/** Keeps every change of the tabs and, when the page closes, text of the editors that GraphiQL has not read yet. */
export function KeepTabs({ keptTabs }) {
  const { tabs, activeTabIndex, changeTab, queryEditor, variableEditor } = GraphiQL.React.useEditorContext();
  const [wanted] = React.useState(() => keptTabs.state().activeTabIndex);
  const latest = React.useRef(/** @type {any} */ (null));
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

function asText(tabs) {
  return JSON.stringify(tabs.map(({ query, variables }) => [query ?? "", variables ?? ""]));
}

function asTab({ title, query, variables }, place) {
  return { id: `first-${place}`, title, query, variables, operationName: title };
}
