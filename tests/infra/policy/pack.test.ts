import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EngineResource, PolicyPackProcess, secret, UNKNOWN } from './pack-process.ts';

let pack: PolicyPackProcess;

beforeAll(async () => {
  pack = await PolicyPackProcess.start();
}, 120_000);
beforeEach(() => pack.configure({}));
afterAll(() => pack[Symbol.asyncDispose]());

function resource(type: string, name: string, props: EngineResource['props']): EngineResource {
  return { type, name, urn: `urn:pulumi:production::go-coffee-dr::${type}::${name}`, props };
}

const SECRET = 'kubernetes:core/v1:Secret';
const metadata = { name: 'dr-keys', namespace: 'go-coffee-dr' };

const BUCKET = 'go-coffee-backups';
const bucket = (name: string, region: string) =>
  resource('aws:s3/bucket:Bucket', name, { bucket: name, region, objectLockEnabled: true });
const versioning = (name: string, status: string) =>
  resource('aws:s3/bucketVersioning:BucketVersioning', `${name}-versioning`, {
    bucket: name,
    versioningConfiguration: { status },
  });

test('a Secret whose values are Pulumi secrets is let through, one in plain text is not', async () => {
  const good = resource(SECRET, 'keys', { metadata, stringData: secret({ 'signing-key': 'x' }) });
  expect(await pack.analyze(good)).toEqual([]);
  const mixed = resource(SECRET, 'mixed', { metadata, stringData: { good: secret('x'), bad: 'y' } });
  expect(await pack.analyze(mixed)).toEqual([
    {
      policy: 'plain-secrets',
      level: 'mandatory',
      message: expect.stringContaining(
        'plain-secrets: Secret "dr-keys" has stringData ["bad"] that is not a Pulumi secret; the plan\'s line 85 says',
      ),
    },
  ]);
});

test('a value that only the update knows is judged by the update, and hides nothing beside it', async () => {
  const unknown = resource(SECRET, 'later', { metadata: { name: UNKNOWN }, stringData: { bad: 'y', later: UNKNOWN } });
  const found = await pack.analyze(unknown);
  expect(found.map(({ policy, level }) => [policy, level])).toEqual([['plain-secrets', 'mandatory']]);
  expect(found[0]?.message).toContain('["bad"]');
});

test('a rule over the stack stops it, with the resource', async () => {
  const found = await pack.analyzeStack([bucket(BUCKET, 'us-east-1'), versioning(BUCKET, 'Suspended')]);
  const policies = [...new Set(found.map(({ policy }) => policy))].sort();
  expect(policies).toEqual(['encryption', 'object-lock', 'repositories', 'retention', 'tls-only', 'versioning']);
  expect(found.every(({ level }) => level === 'mandatory')).toBe(true);
  expect(found.find(({ policy }) => policy === 'versioning')?.message).toContain(
    'versioning: versioning of "go-coffee-backups" is "Suspended", wanted "Enabled"; the plan\'s line 106 says "Retention: 90 days" (resource go-coffee-backups-versioning)',
  );
});

test('a breach is let through by rule, resource and reason, and said in each preview', async () => {
  const stack = [bucket('logs', 'us-east-1'), versioning('logs', 'Suspended')];
  const ofVersioning = async () =>
    (await pack.analyzeStack(stack)).filter(({ message }) => message.includes('versioning:'));
  const accepted = (name: string) => ({
    versioning: { accepted: [{ resource: name, reason: 'moved to the new account in this change' }] },
  });
  await pack.configure(accepted('another'));
  expect((await ofVersioning()).map(({ level }) => level)).toEqual(['mandatory']);
  await pack.configure(accepted('logs-versioning'));
  expect(await ofVersioning()).toEqual([
    {
      policy: 'accepted-breaches',
      level: 'advisory',
      message: expect.stringContaining('accepted: moved to the new account in this change'),
    },
  ]);
  await pack.configure({});
  expect((await ofVersioning()).map(({ level }) => level)).toEqual(['mandatory']);
});
