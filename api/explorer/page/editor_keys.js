/**
 * What GraphiQL's editors lack: they would keep whoever has no mouse (WCAG 2.1.2), so Tab leaves them, while Enter and
 * Prettify indent; and screen readers are told no name of theirs.
 */
const LEAVE = { Tab: false, "Shift-Tab": false }; // to CodeMirror: the browser's own affair

export function EditorKeys() {
  const { queryEditor, variableEditor, headerEditor, responseEditor } = GraphiQL.React.useEditorContext();
  const editors = [queryEditor, variableEditor, headerEditor, responseEditor];
  const names = ["Operation", "Variables", "Headers", "Answer"];
  React.useEffect(() => {
    const present = editors.filter(Boolean);
    present.forEach((editor) => editor.addKeyMap(LEAVE, true)); // after that of completion, where Tab takes the word
    editors.forEach((editor, place) => editor?.setOption("screenReaderLabel", names[place]));
    return () => present.forEach((editor) => editor.removeKeyMap(LEAVE));
  }, editors);
  return null;
}
