/**
 * Keyboard access to GraphiQL's editors. Tab leaves an editor, which would otherwise trap the keyboard (WCAG 2.1.2);
 * Enter and Prettify indent. Each editor has a name for screen readers. Ctrl-K searches the documentation from anywhere.
 * On phones, where the answer is below the editors, running an operation scrolls to the answer.
 */
const DOCUMENTATION = "Documentation Explorer";
export const NARROW = "(max-width: 700px)"; // as in narrow.css
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

/** Adds Ctrl-K: GraphiQL has Cmd-K only, while its documentation is open, and in CodeMirror Ctrl-K begins a chord. */
export function SearchKey() {
  const { setVisiblePlugin, visiblePlugin } = GraphiQL.React.usePluginStore();
  const isWanted = React.useRef(false);

  function search() {
    const input = /** @type {HTMLInputElement | null} */ (document.querySelector(".graphiql-doc-explorer-search-input input"));
    isWanted.current = input === null;
    input?.focus();
  }

  React.useEffect(() => {
    if (isWanted.current) search();
  }, [visiblePlugin]);
  React.useEffect(() => {
    function listen(event) {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      setVisiblePlugin(DOCUMENTATION);
      search();
    }
    addEventListener("keydown", listen, { capture: true });
    return () => removeEventListener("keydown", listen, { capture: true });
  }, []);
  return null;
}

export function AnswerInView() {
  const { isFetching } = GraphiQL.React.useExecutionContext();
  React.useEffect(() => {
    if (isFetching && matchMedia(NARROW).matches) document.querySelector(".graphiql-response")?.scrollIntoView();
  }, [isFetching]);
  return null;
}
