/** How GraphiQL reaches the server: queries and mutations over HTTP, subscriptions over a socket. */
import { SignedOut } from "./session.js";

const INTROSPECTION = "IntrospectionQuery";
const EMPTY = "The editor is empty. Write an operation, or open one from the panel Samples.";

/** A fetcher of GraphiQL's; everything but its introspection is noted in `exchanges`. */
export function createFetcher({ session, exchanges, follow, extraHeaders = {} }) {
  return (request, { headers = {}, documentAST = null } = {}) => {
    if (isSubscription(documentAST, request.operationName)) {
      return { subscribe: (sink) => ({ unsubscribe: follow(request, noting(request, sink)) }) };
    }
    if (isBlank(request.query)) return { errors: [{ message: EMPTY }] };
    return ask(request, headers).finally(() => changesMembership(documentAST) && lookAround());
  };

  function lookAround() {
    session.lookAround().catch((error) => console.warn("The list of workspaces could not be updated.", error));
  }

  async function ask(request, headers) {
    const began = performance.now();
    try {
      const response = await send(request, headers);
      const text = await response.text();
      const { trace, answer } = withoutTrace(readAnswer(text, response));
      if (request.operationName !== INTROSPECTION) {
        exchanges.add({
          request,
          status: response.status,
          milliseconds: performance.now() - began,
          bytes: sizeOf(trace === null ? text : JSON.stringify(answer)),
          extensions: answer.extensions ?? {},
          trace,
          errors: answer.errors ?? [],
        });
      }
      answer.data?.__schema?.types?.sort((one, other) => (one.name < other.name ? -1 : 1)); // as the documentation lists them
      return answer;
    } catch (error) {
      return { errors: [{ message: explained(error) }] };
    }
  }

  /** The sink; the events of one subscription are noted as one exchange. */
  function noting(request, sink) {
    let noted = /** @type {{ events: number } | null} */ (null);
    return {
      ...sink,
      next(result) {
        const { extensions = {}, errors = [] } = result;
        const events = (noted?.events ?? 0) + 1;
        const bytes = sizeOf(JSON.stringify(result));
        noted = exchanges.add({ request, status: null, milliseconds: null, bytes, extensions, errors, trace: null, events }, noted);
        sink.next(result);
      },
    };
  }

  function send(request, headers) {
    const init = {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", ...extraHeaders, ...headers },
      body: JSON.stringify(request),
    };
    // Whoever writes a header of their own wants to see what it does, as with an API key.
    const hasOwn = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
    return hasOwn ? fetch("/graphql", init) : session.fetch("/graphql", init);
  }
}

function isSubscription(document, operationName) {
  const operations = document?.definitions.filter((each) => each.kind === "OperationDefinition") ?? [];
  const chosen = operations.find((each) => each.name?.value === operationName) ?? operations[0];
  return chosen?.operation === "subscription";
}

/** Whether the query contains only whitespace, commas and comments, which GraphQL ignores. */
function isBlank(query) {
  return query.replace(/#.*$|[\s,\ufeff]/gm, "") === "";
}

/** Whether the operation can change which workspaces the user has, or their names. */
function changesMembership(document) {
  const mutations = document?.definitions.filter((each) => each.operation === "mutation") ?? [];
  const fields = mutations.flatMap(({ selectionSet }) => selectionSet.selections.map(({ name }) => name?.value ?? ""));
  return fields.some((name) => /^(workspace|member|invitationAccept)/.test(name));
}

function readAnswer(text, response) {
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `The server responded with status ${response.status} ${response.statusText}.` }] };
  }
}

/** The trace is for the panel of costs: among the answer's data it would be in the way. */
function withoutTrace(answer) {
  const { trace = null, ...extensions } = answer.extensions ?? {};
  if (trace === null) return { trace, answer };
  const { extensions: all, ...rest } = answer;
  return { trace, answer: Object.keys(extensions).length > 0 ? { ...rest, extensions } : rest };
}

function sizeOf(text) {
  return new Blob([text]).size;
}

function explained(error) {
  if (error instanceof SignedOut) return error.message;
  return error instanceof TypeError ? "The server cannot be reached." : error.message;
}
