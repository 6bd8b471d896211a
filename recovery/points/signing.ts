/**
 * Points, marks and checkpoints are signed with HMAC-SHA256 over their canonical JSON. No repository holds the key, so write access
 * to a repository is not enough to forge its content.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../../plan/digest.ts';
import type { PointBody, RecoveryPoint } from './point.ts';

export interface SigningKey {
  readonly name: string;
  readonly secret: string;
}

export interface Signature {
  readonly key: string;
  readonly hmacSha256: string;
}

export type Signed<T> = T & { readonly signature: Signature };

/** `unknown-key`: the key is missing, which says nothing about the document. */
export type SignatureCheck = 'ok' | 'unknown-key' | 'bad';

function hmac(text: string, key: SigningKey): Buffer {
  return createHmac('sha256', key.secret).update(text).digest();
}

export function signDocument<T extends object>(body: T, key: SigningKey): Signed<T> {
  return { ...body, signature: { key: key.name, hmacSha256: hmac(canonicalJson(body), key).toString('hex') } };
}

export function verifyDocument(document: Signed<object>, keys: readonly SigningKey[]): SignatureCheck {
  const { signature, ...body } = document;
  const candidates = keys.filter((key) => key.name === signature.key);
  if (candidates.length === 0) return 'unknown-key';
  const text = canonicalJson(body);
  const given = Buffer.from(signature.hmacSha256, 'hex');
  const fits = (key: SigningKey): boolean => {
    const right = hmac(text, key);
    return given.length === right.length && timingSafeEqual(given, right);
  };
  return candidates.some(fits) ? 'ok' : 'bad';
}

export function signPoint(body: PointBody, key: SigningKey): RecoveryPoint {
  return signDocument(body, key);
}

export function verifyPoint(point: RecoveryPoint, keys: readonly SigningKey[]): SignatureCheck {
  return verifyDocument(point, keys);
}

/** sha256 (hex) of the signed document's canonical JSON. The next point names it as its `previous`. */
export function documentDigest(document: Signed<object>): string {
  return createHash('sha256').update(canonicalJson(document)).digest('hex');
}
