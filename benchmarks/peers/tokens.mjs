// Bearer tokens, checked as Workgraph checks its own: once by signature, after that by their digest.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { settings } from './settings.mjs';

const REMEMBERED = 10_000;
const keys = new Map(settings.keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
const proved = new Map();

const part = (text) => JSON.parse(Buffer.from(text, 'base64url'));

function prove(token) {
  const [header, payload, signature] = token.split('.');
  const { alg, kid } = part(header);
  const key = keys.get(kid);
  const signed = Buffer.from(`${header}.${payload}`);
  const isRight =
    alg === 'ES256' && key && verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  const { iss, aud, sub, exp } = part(payload);
  if (!isRight || iss !== settings.issuer || aud !== settings.issuer) throw new Error('wrong token');
  return { userId: sub, expiresAt: exp * 1000 };
}

// The id of whoever an Authorization header speaks for; null if it is not a valid token.
export function signedIn(authorization) {
  if (!authorization?.startsWith('Bearer ')) return null;
  const token = authorization.slice(7);
  const digest = createHash('sha256').update(token).digest('base64');
  let claims = proved.get(digest);
  if (claims === undefined) {
    try {
      claims = prove(token);
    } catch {
      return null;
    }
    if (proved.size >= REMEMBERED) proved.delete(proved.keys().next().value);
    proved.set(digest, claims);
  }
  return Date.now() < claims.expiresAt ? claims.userId : null;
}
