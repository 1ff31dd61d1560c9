/**
 * Keeper of a refresh token in the tab's session storage, by choice. A duplicated tab begins with a copy of that storage,
 * and a refresh token that is used twice ends its session: the tab that made it holds a lock, and a copy is dropped.
 *
 * Methods of keepers: `kept()` returns the token or null, `keep(token)` stores a token, `renewed(token, renew)`
 * exchanges the token, `current(token)` returns the newest token of its session, `forget()` removes the token, and
 * `watch({ lost, found })` reports sign-outs and sign-ins of other tabs.
 */
const NAME = "workgraph:session";
const PATIENCE = 2000; // milliseconds: a page that is loaded again waits for its predecessor's end

export function createTabKeeper() {
  const isAble = navigator.locks !== undefined; // not on a page without TLS, other than loopback's
  /** @type {((value: any) => void) | null} */
  let letGo = null;

  function stored() {
    return isAble ? JSON.parse(sessionStorage.getItem(NAME) ?? "null") : null;
  }

  function write(token, lock) {
    sessionStorage.setItem(NAME, JSON.stringify({ token, lock }));
  }

  /** Whether the lock is ours now; it stays so until the page goes or `forget`. */
  function hold(lock) {
    return new Promise((resolve) => {
      const held = () => new Promise((release) => {
        letGo = release;
        resolve(true);
      });
      navigator.locks.request(lock, { signal: AbortSignal.timeout(PATIENCE) }, held).catch(() => resolve(false));
    });
  }

  return {
    isAble,
    isDefault: false,
    wish: "Stay signed in in this tab",
    watch() {}, // session storage is not shared between tabs

    /** The token that this tab has kept, or null; a copy of another tab's is dropped. */
    async kept() {
      const found = stored();
      if (found === null) return null;
      if (await hold(found.lock)) return found.token;
      sessionStorage.removeItem(NAME);
      return null;
    },

    async keep(token) {
      const lock = `${NAME}:${crypto.randomUUID()}`;
      await hold(lock);
      write(token, lock);
    },

    /** Returns the answer of `renew`, and replaces the kept token, if any, by its token. */
    async renewed(token, renew) {
      const answer = await renew(token);
      const found = stored();
      if (found !== null) write(answer.refresh_token, found.lock);
      return answer;
    },

    current: (token) => token,

    forget() {
      if (isAble) sessionStorage.removeItem(NAME);
      letGo?.(null);
      letGo = null;
    },
  };
}
