/** Pure: the purpose of an old certificate, so that the new one has the same. */
import { X509Certificate } from 'node:crypto';

export type KeyKind =
  | { readonly algorithm: 'RSA'; readonly rsaBits: number }
  | { readonly algorithm: 'ECDSA'; readonly ecdsaCurve: 'P224' | 'P256' | 'P384' | 'P521' }
  | { readonly algorithm: 'ED25519' };

export interface Renewal {
  readonly key: KeyKind;
  /** With the field names of `@pulumi/tls`. */
  readonly subject: Readonly<Record<string, string>>;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly uses: readonly string[];
  readonly isAuthority: boolean;
  /** The issuer of the old certificate, in one line. */
  readonly issuer: string;
}

const SUBJECT: Readonly<Record<string, string>> = {
  CN: 'commonName',
  O: 'organization',
  OU: 'organizationalUnit',
  C: 'country',
  L: 'locality',
  ST: 'province',
  postalCode: 'postalCode',
  serialNumber: 'serialNumber',
};

const CURVES: Readonly<Record<string, 'P224' | 'P256' | 'P384' | 'P521'>> = {
  secp224r1: 'P224',
  prime256v1: 'P256',
  secp384r1: 'P384',
  secp521r1: 'P521',
};

const EXTENDED_USES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'server_auth',
  '1.3.6.1.5.5.7.3.2': 'client_auth',
  '1.3.6.1.5.5.7.3.3': 'code_signing',
  '1.3.6.1.5.5.7.3.4': 'email_protection',
};

/** A key of the same kind. A new RSA key has at least 2048 bits. */
function keyOf({ publicKey }: X509Certificate): KeyKind {
  const { modulusLength = 0, namedCurve = '' } = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case 'rsa':
      return { algorithm: 'RSA', rsaBits: Math.max(2048, modulusLength) };
    case 'ed25519':
      return { algorithm: 'ED25519' };
    default:
      return { algorithm: 'ECDSA', ecdsaCurve: CURVES[namedCurve] ?? 'P256' };
  }
}

/** From lines such as `CN=api`. If a name occurs twice, the first one counts. */
function subjectOf(lines: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of lines.split('\n')) {
    const at = line.indexOf('=');
    const field = SUBJECT[line.slice(0, at)];
    if (field !== undefined) found[field] ??= line.slice(at + 1);
  }
  return found;
}

/** Node writes `DNS:a, IP Address:10.0.0.1, URI:spiffe://…`, with ambiguous values in quotes. */
function alternatives(text: string, kind: string): string[] {
  const found = text.matchAll(new RegExp(`(?:^|, )${kind}:(?:"((?:[^"\\\\]|\\\\.)*)"|([^,]*))`, 'g'));
  return [...found].map(([, inQuotes, plain]) =>
    inQuotes === undefined ? (plain ?? '') : JSON.parse(`"${inQuotes}"`),
  );
}

/** Undefined where the text is not a certificate. @param hosts old host → new host */
export function renewalOf(pem: string, hosts: Readonly<Record<string, string>> = {}): Renewal | undefined {
  let old: X509Certificate;
  try {
    old = new X509Certificate(pem);
  } catch {
    return undefined;
  }
  const { commonName, ...subject } = subjectOf(old.subject);
  const named = old.subjectAltName ?? '';
  const extended = (old.keyUsage ?? []).flatMap((oid) => EXTENDED_USES[oid] ?? []);
  const signing = old.ca ? ['cert_signing', 'crl_signing'] : ['key_encipherment'];
  return {
    key: keyOf(old),
    subject: { ...subject, ...(commonName === undefined ? {} : { commonName: hosts[commonName] ?? commonName }) },
    dnsNames: alternatives(named, 'DNS').map((name) => hosts[name] ?? name),
    ipAddresses: alternatives(named, 'IP Address'),
    uris: alternatives(named, 'URI'),
    uses: ['digital_signature', ...signing, ...extended],
    isAuthority: old.ca,
    issuer: old.issuer.replaceAll('\n', ', '),
  };
}
