/** The token and revocation endpoints (RFC 6749, RFC 7009). */

const CLIENT = "workgraph";

/** What the server refused, in words for people; `isFinal` if asking again with the same cannot help. */
export class Refused extends Error {
  constructor(message, { isFinal, cause = undefined }) {
    super(message, { cause });
    this.isFinal = isFinal;
  }
}

export function tokensByPassword(email, password) {
  return asked("/auth/token", { grant_type: "password", username: email, password });
}

export function tokensByRefresh(refreshToken) {
  return asked("/auth/token", { grant_type: "refresh_token", refresh_token: refreshToken });
}

export async function revoke(token) {
  const response = await post("/auth/revoke", { token });
  if (!response.ok) throw refusal(response, {});
}

async function asked(path, form) {
  const response = await post(path, form);
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw refusal(response, answer);
}

async function post(path, form) {
  try {
    return await fetch(path, { method: "POST", body: new URLSearchParams({ client_id: CLIENT, ...form }) });
  } catch (error) {
    throw new Refused("The server cannot be reached.", { isFinal: false, cause: error });
  }
}

function refusal(response, answer) {
  if (response.status === 429) {
    return new Refused(`Too many attempts. Retry in ${wait(response)}.`, { isFinal: false });
  }
  if (response.status >= 500) {
    return new Refused(`The server is busy. Retry in ${wait(response)}.`, { isFinal: false });
  }
  const isWrong = answer.error === "invalid_grant";
  return new Refused(answer.error_description ?? `The server responded with status ${response.status}.`, { isFinal: isWrong });
}

function wait(response) {
  const seconds = Number(response.headers.get("Retry-After")) || 1;
  return seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
}
