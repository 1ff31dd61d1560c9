/**
 * Session of the signed-in user. Tokens stay in this closure: never in an editor, a history or a log. A keeper stores
 * the refresh token in the browser only if the user wants to stay signed in.
 */
import { Refused, revoke, tokensByPassword, tokensByRefresh } from "./oauth.js";
import { createStore } from "./store.js";

const NOBODY = { person: null, workspaces: [], workspace: null, expiresAt: null, notice: null };
const ENDED = "Your session has ended. Sign in again.";
const ENDED_ELSEWHERE = "You have signed out in another tab.";
const EARLY = 5000; // milliseconds before its end at which a token is replaced, or a quarter of a short life

const WHO = "query WhoAmI { viewer { id name email initials } }";
const WHERE = `query WhereAmI($viewer: ID!) {
  workspaces(first: 100) {
    nodes { slug name members(first: 1, filter: { user: { id: { eq: $viewer } } }) { nodes { role } } }
  }
}`;

/** There is nobody to ask as; the message says what to do. */
export class SignedOut extends Error {}

/** `keeper` remembers a refresh token, see tab_token.js and browser_token.js. */
export function createSession(keeper) {
  const store = createStore(NOBODY);
  let tokens = /** @type {any} */ (null); // { access, refresh, renewAt }
  let renewing = /** @type {Promise<void> | null} */ (null); // one for all who wait
  let generation = 0; // of sign-ins: what was begun under another is not taken over

  function take(answer) {
    const life = answer.expires_in * 1000;
    const now = Date.now();
    tokens = {
      access: answer.access_token,
      refresh: answer.refresh_token,
      renewAt: now + life - Math.min(EARLY, life / 4),
    };
    store.set({ ...store.state(), expiresAt: now + life });
  }

  /** Signs out of this tab only; a kept token stays. */
  function leave(notice) {
    generation += 1;
    tokens = null;
    renewing = null;
    store.set({ ...NOBODY, notice });
  }

  function forget(notice) {
    keeper.forget();
    leave(notice);
  }

  async function renew() {
    const began = generation;
    try {
      const answer = await keeper.renewed(tokens.refresh, tokensByRefresh);
      if (began === generation) take(answer);
    } catch (error) {
      if (began !== generation) return;
      if (!(error instanceof Refused) || !error.isFinal) throw error;
      forget(ENDED);
    } finally {
      if (began === generation) renewing = null;
    }
  }

  async function renewed() {
    renewing ??= renew();
    await renewing;
    return required();
  }

  function required() {
    if (tokens === null) throw new SignedOut(store.state().notice ?? "Sign in first, in the panel on the left.");
    return tokens.access;
  }

  /** An access token with some life left; raises SignedOut, or Refused while the server cannot renew it. */
  async function freshToken() {
    required();
    return Date.now() < tokens.renewAt ? tokens.access : renewed();
  }

  /** A token other than the one that was refused, unless somebody else has renewed it already. */
  function tokenAfter(refused) {
    return required() === refused ? renewed() : tokens.access;
  }

  /** `fetch` with the token; one that the server refuses is renewed once. */
  async function fetchSignedIn(url, init = {}) {
    const send = (token) => fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } });
    const token = await freshToken();
    const response = await send(token);
    if (response.status !== 401) return response;
    const again = await send(await tokenAfter(token));
    if (again.status === 401) forget(ENDED);
    return again;
  }

  /** The data of an answer; raises Refused with the first error if there is none. */
  async function asked(query, variables = {}) {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const body = JSON.stringify({ query, variables });
    const response = await fetchSignedIn("/graphql", { method: "POST", headers, body });
    const { data, errors } = await response.json();
    if (!data) throw new Refused(errors?.[0]?.message ?? "The server sent no data.", { isFinal: false });
    return data;
  }

  async function lookAround() {
    const { viewer } = await asked(WHO);
    const found = await asked(WHERE, { viewer: viewer.id });
    const workspaces = found.workspaces.nodes.flatMap(({ slug, name, members }) =>
      members.nodes.map(({ role }) => ({ slug, name, role: role.toLowerCase() })),
    );
    const chosen = workspaces.find(({ slug }) => slug === store.state().workspace) ?? workspaces[0];
    store.set({ ...store.state(), person: viewer, workspaces, workspace: chosen?.slug ?? null });
  }

  /** Continues the kept session, if there is one. */
  async function resume() {
    const kept = await keeper.kept();
    if (kept === null) return;
    try {
      take(await keeper.renewed(kept, tokensByRefresh));
      await lookAround();
    } catch (error) {
      if (error instanceof Refused && error.isFinal) forget(ENDED);
      // The kept token may still be valid: the server was not available.
      else if (tokens !== null || store.state().notice === null) leave(error.message);
    }
  }

  keeper.watch({ lost: () => leave(ENDED_ELSEWHERE), found: resume });

  return {
    state: store.state,
    subscribe: store.subscribe,
    freshToken,
    tokenAfter,
    fetch: fetchSignedIn,
    ask: asked,
    keeping: { isAble: keeper.isAble, isDefault: keeper.isDefault, wish: keeper.wish },

    /** Raises Refused, its message for people. */
    async signIn({ email, password, isKept }) {
      const answer = await tokensByPassword(email, password);
      forget(null);
      take(answer);
      try {
        await lookAround();
      } catch (error) {
        forget(null);
        throw error;
      }
      if (isKept) await keeper.keep(tokens.refresh);
    },

    resume,

    async signOut() {
      const newest = tokens && keeper.current(tokens.refresh);
      forget(null);
      if (newest === null) return;
      try {
        await revoke(newest);
      } catch (error) {
        store.set({ ...NOBODY, notice: `You are signed out in this browser, but the session could not be ended: ${error.message}` });
      }
    },

    /** Reloads the user and the user's workspaces. */
    lookAround,

    choose(slug) {
      store.set({ ...store.state(), workspace: slug });
    },
  };
}
