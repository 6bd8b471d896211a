/** Keys of a bucket's user, or a pod's own identity at AWS: Kubernetes puts that into this process's environment. */
import { badInput } from '../../core/errors.ts';
import type { Secrets } from '../../core/secrets.ts';
import type { S3Access, S3KeyRefs } from './settings.ts';

const NEEDED = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'] as const;
/** How the engine requests the role. */
const HELPFUL = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_STS_REGIONAL_ENDPOINTS', 'AWS_ROLE_SESSION_NAME'];

/** None of them is a secret: the token itself stays in its file. Throws `WEB-IDENTITY-MISSING` (exit 2). */
export function webIdentityEnv(where: string, from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const missing = NEEDED.filter((name) => (from[name] ?? '') === '');
  if (missing.length > 0) {
    throw badInput({
      code: 'WEB-IDENTITY-MISSING',
      where,
      fact: `it says web-identity, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`,
      hint: 'run as a service account with the annotation eks.amazonaws.com/role-arn, or name keys in the environment file',
    });
  }
  const found = [...NEEDED, ...HELPFUL].map((name) => [name, from[name] ?? ''] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== ''));
}

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export async function readKeys(secrets: Secrets, refs: S3KeyRefs, where: string): Promise<S3Keys> {
  return {
    accessKeyId: await secrets.read(refs.accessKeyId, `${where}.accessKeyId`),
    secretAccessKey: await secrets.read(refs.secretAccessKey, `${where}.secretAccessKey`),
  };
}

/** Throws `SECRET-…` or `WEB-IDENTITY-MISSING` (exit 2). */
export async function readAccess(secrets: Secrets, access: S3Access, where: string): Promise<S3Keys | 'web-identity'> {
  if (access !== 'web-identity') return readKeys(secrets, access, where);
  webIdentityEnv(where);
  return access;
}
