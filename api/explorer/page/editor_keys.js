/** Tab leaves GraphiQL's editors, which would keep whoever has no mouse (WCAG 2.1.2); Enter and Prettify indent. */
const LEAVE = { Tab: false, "Shift-Tab": false }; // to CodeMirror: the browser's own affair

export function EditorKeys() {
  const { queryEditor, variableEditor, headerEditor, responseEditor } = GraphiQL.React.useEditorContext();
  const editors = [queryEditor, variableEditor, headerEditor, responseEditor];
  React.useEffect(() => {
    const present = editors.filter(Boolean);
    present.forEach((editor) => editor.addKeyMap(LEAVE, true)); // after that of completion, where Tab takes the word
    return () => present.forEach((editor) => editor.removeKeyMap(LEAVE));
  }, editors);
  return null;
}
