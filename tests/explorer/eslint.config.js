import js from "@eslint/js";
import globals from "globals";

const SCRIPT_TAGS = ["React", "ReactDOM", "GraphiQL", "GraphiQLPluginExplorer"];
const OPTIONS = {
  languageOptions: {
    ecmaVersion: 2024,
    globals: { ...globals.browser, ...Object.fromEntries(SCRIPT_TAGS.map((name) => [name, "readonly"])) },
  },
  linterOptions: { reportUnusedDisableDirectives: "error" },
  rules: {
    "no-unused-vars": ["error", { ignoreRestSiblings: true }], // `{ headers, ...item }` leaves a member out
    eqeqeq: ["error", "always", { null: "ignore" }], // `== null` is null or undefined
    "no-var": "error",
    "prefer-const": "error",
  },
};

export default [js.configs.recommended, OPTIONS];
