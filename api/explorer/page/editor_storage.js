/** GraphiQL's storage, without headers: its history keeps those of each query, whatever it is told about them. */
export const editorStorage = {
  get length() {
    return localStorage.length;
  },
  getItem: (key) => localStorage.getItem(key),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  setItem: (key, value) => localStorage.setItem(key, withoutHeaders(value)),
};

function withoutHeaders(text) {
  try {
    return JSON.stringify(JSON.parse(text, (name, value) => (name === "headers" ? undefined : value)));
  } catch {
    return text; // a query, a setting: not JSON
  }
}
