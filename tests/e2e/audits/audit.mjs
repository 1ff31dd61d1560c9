// Runs every audit of graphql-http against the server at argv[2], signed in with the token at argv[3].
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);

async function fetchSignedIn(address, init = {}) {
  const headers = { ...init.headers, authorization: `Bearer ${token}` };
  return fetch(address, { ...init, headers });
}

const results = [];
for (const audit of serverAudits({ url, fetchFn: fetchSignedIn })) {
  const result = await audit.fn();
  results.push({ id: audit.id, name: audit.name, status: result.status, reason: result.reason ?? null });
}
console.log(JSON.stringify(results));
