/** Globals of the explorer's script tags. React declares its own. */
declare const ReactDOM: typeof import("react-dom/client");
declare const GraphiQL: any;
declare const GraphiQLPluginExplorer: { explorerPlugin(): object };
