/** Replaces all secrets after a breach, and proves that the old ones open nothing: each is tried against the live services. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { valueAt } from '../../recovery/core/json.ts';
import type { SecurityAttempt } from '../../recovery/report/types.ts';
import { randomSecret, writeSecret } from '../host/secret-files.ts';
import type { Walk } from '../people/types.ts';
import { SERVICE_ROLES } from '../platform/accounts.ts';
import { readServiceSecret, type ServiceSecret, secretDocument } from '../platform/kubernetes.ts';
import type { Platform } from '../platform/platform.ts';
import { askService } from '../platform/service-control.ts';
import { locateService, SERVICES } from '../platform/services.ts';
import { answerOf } from '../recover.ts';
import type { KeyPair, S3Role } from '../s3/access.ts';
import type { S3Region } from '../s3/region.ts';
import type { Stage } from '../stage.ts';

type ServiceSecrets = ReadonlyMap<string, ServiceSecret>;

function secretFile(platform: Platform, service: string): string {
  return join(platform.paths.folder('config-and-secrets'), 'secrets', `${service}.yaml`);
}

export async function readServiceSecrets(platform: Platform): Promise<ServiceSecrets> {
  const found = await Promise.all(
    SERVICES.map(async ({ id }) => [id, readServiceSecret(await readFile(secretFile(platform, id), 'utf8'))] as const),
  );
  return new Map(found);
}

const rotation = z.object({
  rotated: z.array(z.object({ id: z.string(), file: z.string(), old: z.string() })),
  failed: z.array(z.object({ id: z.string(), fact: z.string() })),
});

/** New secrets by `dr secrets rotate`; then the services get their new passwords, and new tokens, which only they know. */
export async function rotateSiteSecrets(stage: Stage, walk: Walk): Promise<void> {
  const platform = walk.platform();
  const command = 'dr secrets rotate';
  await platform.stopServices();
  const answers = await walk.step(command, { lines: [`${command} --confirm ${platform.environment.name}`] });
  const { rotated, failed } = answerOf(answers, command, rotation);
  stage.check({
    id: 'security/rotated',
    title: 'every secret of the host was replaced',
    expected: 'none is left',
    actual: failed.length === 0 ? 'none is left' : failed.map(({ id, fact }) => `${id}: ${fact}`).join('; '),
    evidence: `${command}: ${rotated.map(({ id, old }) => `${id} (${old})`).join(', ')}`,
  });
  for (const { id } of SERVICES) {
    const role = SERVICE_ROLES.find(({ service }) => service === id)?.role;
    const file = rotated.find((each) => each.id === `postgres/${role}`)?.file;
    const dbPassword = file === undefined ? randomSecret() : await readFile(file, 'utf8');
    await writeSecret(secretFile(platform, id), secretDocument(id, { dbPassword, token: randomSecret() }));
  }
  await platform.startServices();
}

async function tryOut(
  what: string,
  expected: SecurityAttempt['expected'],
  work: () => Promise<string>,
): Promise<SecurityAttempt> {
  try {
    return { attempt: what, outcome: 'succeeded', expected, detail: await work() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = valueAt(error, 'code');
    const detail = typeof code === 'string' ? `${code}: ${message}` : message;
    return { attempt: what, outcome: 'denied', expected, detail };
  }
}

async function loginTo(platform: Platform, role: string, password: string): Promise<string> {
  const client = await platform.postgres({ user: role, password });
  await client.query('select 1').finally(() => client.end());
  return 'logged in';
}

async function authenticate(platform: Platform, password: string): Promise<string> {
  const redis = await platform.redis(password);
  try {
    return await redis.ping();
  } finally {
    redis.disconnect();
  }
}

async function enter(platform: Platform, service: string, token: string): Promise<string> {
  const { status, body } = await askService(locateService(service, platform.paths), '/whoami', token);
  if (status !== 200) throw new Error(`HTTP ${status}: ${body}`);
  return `HTTP ${status}`;
}

/** Tries `secrets` against the live database and services; `expected` says whether they must still work. */
export async function trySiteSecrets(
  platform: Platform,
  secrets: ServiceSecrets,
  redisPassword: string,
  expected: SecurityAttempt['expected'],
): Promise<SecurityAttempt[]> {
  const age = expected === 'denied' ? 'old' : 'new';
  const attempts: Promise<SecurityAttempt>[] = [
    ...SERVICE_ROLES.map(({ service, role }) =>
      tryOut(`database role ${role} with its ${age} password`, expected, () =>
        loginTo(platform, role, secrets.get(service)?.dbPassword ?? ''),
      ),
    ),
    tryOut(`Redis with the ${age} password`, expected, () => authenticate(platform, redisPassword)),
    ...SERVICES.map(({ id }) =>
      tryOut(`${id} with its ${age} token`, expected, () => enter(platform, id, secrets.get(id)?.token ?? '')),
    ),
  ];
  return Promise.all(attempts);
}

export async function tryS3Keys(
  region: S3Region,
  keys: Readonly<Record<S3Role, KeyPair>>,
  expected: SecurityAttempt['expected'],
): Promise<SecurityAttempt[]> {
  const age = expected === 'denied' ? 'old' : 'new';
  return Promise.all(
    Object.entries(keys).map(([role, pair]) =>
      tryOut(`${region.name} with the ${role}’s ${age} key`, expected, async () => {
        const client = region.client(pair);
        await client
          .send(new ListObjectsV2Command({ Bucket: region.bucket, MaxKeys: 1 }))
          .finally(() => client.destroy());
        return 'listed the bucket';
      }),
    ),
  );
}
