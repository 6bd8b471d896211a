/** Pure: finds the values in captured Secrets that get a new value, each once however often it occurs, and those left to people. */
import { ROTATE_ANNOTATION, rotationOf } from '../../../plan/rotation.ts';
import type { Rotatable, Rotation } from '../../../plan/security.ts';
import { fieldsOf, groupOf, type KubeObject, nameOf } from '../../../recovery/public.ts';
import { type Renewal, renewalOf } from './certificates.ts';
import { isDistinct } from './text.ts';

/** The form of the new value. The key of a cipher keeps its number of bytes. */
export type Shape =
  | { readonly kind: Rotatable['alphabet']; readonly characters: number }
  | { readonly kind: 'base64'; readonly bytes: number };

export interface FoundValue {
  /** `namespace/secret/key` of its first occurrence. The resource that makes the new value has this name too. */
  readonly place: string;
  readonly old: string;
  readonly shape: Shape;
}

export interface FoundCertificate {
  readonly place: string;
  /** Old texts of the files. A missing file is empty. */
  readonly old: { readonly certificate: string; readonly key: string; readonly ca: string };
  readonly renewal: Renewal;
}

/** A key of a Secret. */
export interface Unknown {
  readonly secret: KubeObject;
  readonly key: string;
}

export interface Findings {
  readonly values: readonly FoundValue[];
  readonly certificates: readonly FoundCertificate[];
  /** Secrets with a certificate of `certificates` but without a `ca.crt`. */
  readonly withoutAuthority: ReadonlySet<KubeObject>;
  /** Secrets that cert-manager issues again when they are missing. */
  readonly skipped: ReadonlySet<KubeObject>;
  /** Keys that no rule of the plan matches. */
  readonly unknown: readonly Unknown[];
  readonly notes: readonly string[];
}

export interface FindArgs {
  readonly rotation: Rotation;
  readonly objects: readonly KubeObject[];
  readonly hosts?: Readonly<Record<string, string>> | undefined;
}

const TLS = 'kubernetes.io/tls';
const CERTIFICATE_KEYS = ['tls.crt', 'tls.key', 'ca.crt'];

export const isSecret = (object: KubeObject): boolean => object.kind === 'Secret' && groupOf(object) === '';

export const byPlace = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

/** Key → text. Excludes binary values such as keystores, in which nothing can be replaced. */
function textsOf(secret: KubeObject): Record<string, string> {
  const data = Object.entries(fieldsOf(secret.data)).flatMap(([key, value]) => {
    const bytes = Buffer.from(String(value), 'base64');
    const text = bytes.toString('utf8');
    return Buffer.from(text).equals(bytes) ? [[key, text] as const] : [];
  });
  const plain = Object.entries(fieldsOf(secret.stringData)).map(([key, value]) => [key, String(value)] as const);
  return Object.fromEntries([...data, ...plain]);
}

function isBase64(value: string): boolean {
  const bytes = Buffer.from(value, 'base64');
  return value.endsWith('=') && bytes.length >= 16 && bytes.toString('base64') === value;
}

function shapeOf(old: string, length: number, alphabet: Rotatable['alphabet']): Shape {
  if (isBase64(old)) return { kind: 'base64', bytes: Buffer.from(old, 'base64').length };
  if (/^([0-9a-f]{2}){16,}$/.test(old)) return { kind: 'hexadecimal', characters: old.length };
  const characters = Math.max(length, old.length);
  // A hexadecimal value consists of whole bytes, so its length must be even.
  return { kind: alphabet, characters: alphabet === 'hexadecimal' ? characters + (characters % 2) : characters };
}

const list = (names: readonly string[]): string => names.join(', ');

function ofCertManager({ metadata }: KubeObject): boolean {
  return Object.keys(metadata.annotations ?? {}).some((name) => name.startsWith('cert-manager.io/'));
}

export function findRotatable({ rotation, objects, hosts }: FindArgs): Findings {
  const values = new Map<string, FoundValue>();
  const certificates = new Map<string, FoundCertificate>();
  const withoutAuthority = new Set<KubeObject>();
  const skipped = new Set<KubeObject>();
  const notes: string[] = [];
  const unknown: Unknown[] = [];

  const certificate = (secret: KubeObject, texts: Record<string, string>): void => {
    const { 'tls.crt': pem = '', 'tls.key': key = '', 'ca.crt': ca = '' } = texts;
    const renewal = renewalOf(pem, hosts);
    if (renewal === undefined) {
      notes.push(`${nameOf(secret)}: its tls.crt can't be read as a certificate; it and its key are left as captured`);
      return;
    }
    if (!certificates.has(pem)) {
      certificates.set(pem, { place: byPlace(secret), old: { certificate: pem, key, ca }, renewal });
    }
    if (ca === '') withoutAuthority.add(secret);
    const who = `the authority of this stack, whose ca.crt clients must know; ${renewal.issuer} issued the old one`;
    notes.push(`${nameOf(secret)}: new key and certificate by ${who}`);
  };

  const value = (secret: KubeObject, key: string, old: string): string | undefined => {
    const verdict = rotationOf(rotation, secret.metadata, key);
    if (verdict.kind === 'keep') {
      if (verdict.reason === undefined) unknown.push({ secret, key });
      return verdict.reason;
    }
    if (old.startsWith('-----BEGIN')) return 'It is a key or a certificate in PEM, and a random text can’t replace it';
    if (old === '') return undefined;
    const { length, alphabet } = verdict;
    if (!values.has(old)) {
      values.set(old, { place: `${byPlace(secret)}/${key}`, old, shape: shapeOf(old, length, alphabet) });
    }
    if (!isDistinct(old)) {
      notes.push(
        `${nameOf(secret)}, ${key}: its old value is short or an ordinary word; elsewhere it is replaced only in the place of a password`,
      );
    }
    return undefined;
  };

  for (const secret of objects.filter(isSecret).sort((a, b) => (byPlace(a) < byPlace(b) ? -1 : 1))) {
    const texts = textsOf(secret);
    const isCertificate = secret.type === TLS || ('tls.crt' in texts && 'tls.key' in texts);
    const spared = secret.metadata.annotations?.[ROTATE_ANNOTATION]?.includes('none') === true;
    if (secret.type === 'helm.sh/release.v1') {
      notes.push(
        `${nameOf(secret)} holds the packed values of a chart, unchanged: old credentials can still be read in it`,
      );
      continue;
    }
    if (rotation.certificates.rotate && isCertificate && !spared) {
      if (ofCertManager(secret)) {
        skipped.add(secret);
        notes.push(`${nameOf(secret)} is excluded: cert-manager issues it again`);
        continue;
      }
      certificate(secret, texts);
    }
    const kept = new Map<string, string[]>();
    for (const [key, old] of Object.entries(texts)) {
      if (isCertificate && CERTIFICATE_KEYS.includes(key)) continue;
      const reason = value(secret, key, old);
      if (reason !== undefined) kept.set(reason, [...(kept.get(reason) ?? []), key]);
    }
    for (const [reason, keys] of kept) notes.push(`${nameOf(secret)}, ${list(keys)}: left as captured. ${reason}`);
  }
  return {
    values: [...values.values()],
    certificates: [...certificates.values()],
    withoutAuthority,
    skipped,
    unknown,
    notes,
  };
}
