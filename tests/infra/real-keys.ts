/** Random text, keys and certificates as the providers would make them: for a cluster that a recording is applied to. */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { generate } from 'selfsigned';
import type { Generate } from './recording.ts';

type Json = Readonly<Record<string, unknown>>;

interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

interface Request {
  readonly privateKeyPem: string;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
}

function newKeys(): KeyPair {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** A key of an earlier recording too. */
function pairOf(privateKey: string): KeyPair {
  return { privateKey, publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString() };
}

const commonNameOf = ({ subject }: Json): string => String((subject as Json | undefined)?.commonName ?? '');

async function certificate(inputs: Json, request: Request, keys: KeyPair, ca?: { key: string; cert: string }) {
  const uses = (inputs.allowedUses ?? []) as string[];
  const isAuthority = inputs.isCaCertificate === true;
  const { cert } = await generate([{ name: 'commonName', value: request.commonName }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + Number(inputs.validityPeriodHours) * 3_600_000),
    keyPair: keys,
    ...(ca === undefined ? {} : { ca }),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      {
        name: 'keyUsage',
        critical: true,
        keyCertSign: uses.includes('cert_signing'),
        cRLSign: uses.includes('crl_signing'),
        digitalSignature: uses.includes('digital_signature'),
        keyEncipherment: uses.includes('key_encipherment'),
      },
      ...(isAuthority
        ? []
        : [
            {
              name: 'extKeyUsage' as const,
              serverAuth: uses.includes('server_auth'),
              clientAuth: uses.includes('client_auth'),
            },
          ]),
      ...(request.dnsNames.length === 0
        ? []
        : [
            {
              name: 'subjectAltName' as const,
              altNames: request.dnsNames.map((value) => ({ type: 2 as const, value })),
            },
          ]),
    ],
  });
  return { certPem: cert };
}

/** For one recording: `keep` from an earlier one gives the same text again, as a stack's state would. */
export function realKeys(keep = new Map<string, Json>()): Generate {
  const make = async (type: string, inputs: Json): Promise<Json | undefined> => {
    switch (type) {
      case 'random:index/randomPassword:RandomPassword': {
        const letters = randomBytes(2 * Number(inputs.length))
          .toString('base64')
          .replace(/[^A-Za-z0-9]/g, '');
        return { result: letters.slice(0, Number(inputs.length)) };
      }
      case 'random:index/randomBytes:RandomBytes': {
        const bytes = randomBytes(Number(inputs.length));
        return { hex: bytes.toString('hex'), base64: bytes.toString('base64') };
      }
      case 'tls:index/privateKey:PrivateKey': {
        const { privateKey, publicKey } = newKeys();
        return { privateKeyPem: privateKey, publicKeyPem: publicKey };
      }
      case 'tls:index/certRequest:CertRequest': {
        const { privateKeyPem, dnsNames } = inputs as unknown as Request;
        const request: Request = { privateKeyPem, commonName: commonNameOf(inputs), dnsNames: dnsNames ?? [] };
        // No real request: only the two resources below read it.
        return { certRequestPem: JSON.stringify(request) };
      }
      case 'tls:index/selfSignedCert:SelfSignedCert': {
        const key = String(inputs.privateKeyPem);
        return certificate(inputs, { privateKeyPem: key, commonName: commonNameOf(inputs), dnsNames: [] }, pairOf(key));
      }
      case 'tls:index/locallySignedCert:LocallySignedCert': {
        const request = JSON.parse(String(inputs.certRequestPem)) as Request;
        const ca = { key: String(inputs.caPrivateKeyPem), cert: String(inputs.caCertPem) };
        return certificate(inputs, request, pairOf(request.privateKeyPem), ca);
      }
      default:
        return undefined;
    }
  };
  return async (type, name, inputs) => {
    const id = `${type} ${name}`;
    const made = keep.get(id) ?? (await make(type, inputs));
    if (made === undefined) return undefined;
    keep.set(id, made);
    return made;
  };
}
