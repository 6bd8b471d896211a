/** A certificate authority for one drill: pgBackRest speaks S3 only over TLS and checks the host's name. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;

export interface TlsHost {
  readonly name: string;
  /** IPv4. */
  readonly address?: string;
}

export async function makeTls(folder: string, host: TlsHost = { name: 'localhost' }): Promise<TlsFiles> {
  const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const common = {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + 30 * DAY_MS),
  } as const;
  const ca = await generate([{ name: 'commonName', value: 'go-coffee drill CA' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const addresses = host.address === undefined ? [] : [{ type: 7, ip: host.address } as const];
  const leaf = await generate([{ name: 'commonName', value: host.name }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: host.name }, ...addresses] },
    ],
  });
  await writeFile(files.ca, ca.cert, { mode: 0o644 });
  await writeFile(files.cert, leaf.cert, { mode: 0o644 });
  await writeFile(files.key, leaf.private, { mode: 0o600 });
  return files;
}
