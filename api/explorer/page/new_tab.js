/** Opens operations in tabs of GraphiQL's. */

/**
 * A function of `{ query, variables }`. It goes to the tab that holds the same, if there is one. GraphiQL itself can
 * only add a tab with its own welcome: that text is replaced as soon as the tab is there; `opened` is called after it.
 */
export function useNewTab(opened) {
  const { tabs, addTab, changeTab, queryEditor, variableEditor } = GraphiQL.React.useEditorContext();
  const { stop } = GraphiQL.React.useExecutionContext();
  const waiting = React.useRef(/** @type {{ query: string, variables: string, place: number } | null} */ (null));

  React.useEffect(() => {
    if (waiting.current === null || tabs.length !== waiting.current.place) return;
    const { query, variables } = waiting.current;
    waiting.current = null;
    queryEditor.setValue(query);
    variableEditor.setValue(variables);
    queryEditor.focus();
    opened();
  }, [tabs]);

  return ({ query, variables }) => {
    stop(); // as GraphiQL does where one goes to another tab; the answers would come to the wrong one
    const open = tabs.findIndex((tab) => tab.query === query && (tab.variables ?? "") === variables);
    if (open >= 0) {
      changeTab(open);
      queryEditor.focus();
      opened();
    } else {
      waiting.current = { query, variables, place: tabs.length + 1 };
      addTab();
    }
  };
}
