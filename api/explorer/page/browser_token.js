/**
 * Keeper of a refresh token in local storage, which all tabs of the browser share: for developers on their own server.
 *
 * Each tab has an access token of its own, in memory. Renewing spends the shared token, so tabs do it one after another
 * under a lock, each with the token that the previous tab stored. A tab that is closed before the answer arrives stores
 * nothing; the next tab sends the spent token again, which the server accepts for a minute.
 */
const NAME = "workgraph:session";

export function createBrowserKeeper() {
  const isAble = navigator.locks !== undefined; // not on a page without TLS, other than loopback's
  /** @type {string | null} */
  let family = null; // of the session that this tab shares

  function stored() {
    return isAble ? JSON.parse(localStorage.getItem(NAME) ?? "null") : null;
  }

  function shared() {
    const found = stored();
    return found !== null && found.family === family ? found : null;
  }

  function write(token) {
    localStorage.setItem(NAME, JSON.stringify({ token, family }));
  }

  return {
    isAble,
    isDefault: true,
    wish: "Stay signed in in this browser",

    async kept() {
      const found = stored();
      family = found?.family ?? null;
      return found?.token ?? null;
    },

    async keep(token) {
      family = crypto.randomUUID();
      write(token);
    },

    async renewed(token, renew) {
      if (family === null) return renew(token);
      return navigator.locks.request(`${NAME}:${family}`, async () => {
        const answer = await renew(shared()?.token ?? token);
        if (shared() !== null) write(answer.refresh_token); // another tab may have signed out meanwhile
        return answer;
      });
    },

    current: (token) => shared()?.token ?? token,

    forget() {
      if (shared() !== null) localStorage.removeItem(NAME);
      family = null;
    },

    /** Calls `lost` when another tab signs out of the session of this one, and `found` when it signs in. */
    watch({ lost, found }) {
      addEventListener("storage", ({ key }) => {
        if (key !== NAME && key !== null) return; // null: all was cleared
        if (family !== null && shared() === null) {
          family = null;
          lost();
        } else if (family === null && stored() !== null) {
          found();
        }
      });
    },
  };
}
