/** Passphrases and passwords from each of their three sources, and what the producing stack keeps for the others. */
import { describe, expect, test } from 'vitest';
import { parseStored, renderStored } from '../../../infra/config/stored-secrets.ts';
import { named, ofType, recordAws } from '../aws/aws-recording.ts';
import { ask, EVERYTHING } from '../aws/policy-simulator.ts';
import { STORED_SECRETS } from '../recording.ts';

const IDS = ['local', 'primary', 'secondary', 'offsite'];
const VERSION = 'secretsmanager/secretVersion:SecretVersion';
const made = (recording: readonly { type: string; name: string; protect: boolean }[]) =>
  recording.filter(({ type }) => type.startsWith('random:'));

test('generated: nine random ones, protected, kept with a replica in the second region', async () => {
  const recording = await recordAws('production');
  expect(made(recording)).toHaveLength(9);
  expect(made(recording).filter(({ protect }) => !protect)).toEqual([]);
  expect(recording.secretOutputs).toContain('secrets');

  const secret = named(recording, 'secretsmanager/secret:Secret', 'aws-secrets');
  expect(secret).toMatchObject({ protect: true, retainOnDelete: true });
  expect(secret.inputs).toMatchObject({
    region: 'us-east-1',
    name: 'go-coffee-dr/production',
    recoveryWindowInDays: 30,
    forceOverwriteReplicaSecret: false,
    replicas: [{ region: 'eu-west-1', kmsKeyId: expect.stringContaining('arn:aws:kms:eu-west-1:') }],
  });
  const version = named(recording, VERSION, '-version');
  // Encrypted in the state, and guarded before it is written.
  expect(version.secrets).toEqual(['secretString']);
  expect(version.dependsOn).toContain(named(recording, 'secretsmanager/secretPolicy:SecretPolicy', '').urn);
  expect(JSON.parse(String(version.inputs.secretString))).toEqual(recording.outputs.secrets);
});

test('no value stands in plain text anywhere else', async () => {
  const recording = await recordAws('production');
  const values = Object.values((recording.outputs.secrets as typeof STORED_SECRETS).passphrases);
  const open = recording.filter(({ inputs, type }) => {
    if (type === `aws:${VERSION}`) return false;
    return values.some((value) => JSON.stringify(inputs).includes(value));
  });
  expect(open.map(({ name }) => name)).toEqual([]);
});

test('secrets-manager: read from the replica of the stack’s own region; nothing is made', async () => {
  const recording = await recordAws('dr');
  expect(made(recording)).toEqual([]);
  expect(recording.calls).toEqual([
    {
      token: 'aws:secretsmanager/getSecretVersion:getSecretVersion',
      inputs: { secretId: 'go-coffee-dr/production', region: 'eu-west-1' },
    },
  ]);
  expect(recording.outputs.secrets).toEqual(STORED_SECRETS);
  expect(recording.secretOutputs).toContain('secrets');
});

test('config: used as they are, made nowhere, stored nowhere', async () => {
  const secretValues = { ...STORED_SECRETS, redis: 'from-config' };
  const recording = await recordAws('production', { secrets: { from: 'config' }, secretValues });
  expect(made(recording)).toEqual([]);
  expect(ofType(recording, VERSION)).toEqual([]);
  expect(recording.calls).toEqual([]);
  expect(recording.outputs.secrets).toEqual(secretValues);
  expect(recording.secretOutputs).toContain('secrets');
});

test('what is stored is what is read', () => {
  expect(parseStored(renderStored(STORED_SECRETS), 'here', IDS)).toEqual(STORED_SECRETS);
});

test.each([
  ['no JSON at all: pass-word', 'go-coffee-dr/x in eu-west-1 holds no JSON document'],
  [
    '{"redis":"pass-word"}',
    'go-coffee-dr/x in eu-west-1 does not hold what it should: passphrases, signingKey, postgres',
  ],
  [
    renderStored({ ...STORED_SECRETS, passphrases: { local: 'pass-word', primary: 'p', secondary: 's' } }),
    'go-coffee-dr/x in eu-west-1 has no passphrase of: offsite',
  ],
  [
    renderStored({ ...STORED_SECRETS, redis: 'pass-word\n' }),
    'go-coffee-dr/x in eu-west-1 does not hold what it should: redis',
  ],
])('says what is wrong with %j, and shows no value', (text, message) => {
  const read = () => parseStored(text, 'go-coffee-dr/x in eu-west-1', IDS);
  expect(read).toThrow(message);
  expect(read).not.toThrow('pass-word');
});

test('only the deployer and break-glass read it, only break-glass ends it, and nobody else changes who may', async () => {
  const recording = await recordAws('production');
  const policy = JSON.parse(String(named(recording, 'secretsmanager/secretPolicy:SecretPolicy', '').inputs.policy));
  const resource = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:go-coffee-dr/production-AbCdEf';
  const verdicts = async (name: string) => {
    const caller = { arn: `arn:aws:iam::123456789012:role/${name}`, policy: EVERYTHING };
    const actions = [
      'GetSecretValue',
      'PutSecretValue',
      'PutResourcePolicy',
      'RemoveRegionsFromReplication',
      'DeleteSecret',
    ];
    return Promise.all(actions.map((action) => ask(caller, { action: `secretsmanager:${action}`, resource }, policy)));
  };
  const [yes, no] = ['Allowed', 'ExplicitlyDenied'];
  expect(await verdicts('go-coffee-deployer')).toEqual([yes, yes, yes, yes, no]);
  expect(await verdicts('go-coffee-dr-production-break-glass')).toEqual([yes, no, no, no, yes]);
  expect(await verdicts('admin')).toEqual([no, no, no, no, no]);
});

describe('a preview without secrets', () => {
  const preview = async (dryRun: boolean) => {
    process.env.DR_PREVIEW = '1';
    try {
      return await recordAws('dr', {}, { preview: dryRun });
    } finally {
      process.env.DR_PREVIEW = '';
    }
  };

  test('has placeholders, and asks the store nothing', async () => {
    const recording = await preview(true);
    expect(recording.calls).toEqual([]);
    expect(JSON.stringify(recording.outputs.secrets)).not.toContain(STORED_SECRETS.redis);
    expect(Object.keys(recording.outputs.secrets as object).toSorted()).toEqual(Object.keys(STORED_SECRETS).toSorted());
  });

  test('is refused in an `up`, which would write them', async () => {
    await expect(preview(false)).rejects.toThrow('DR_PREVIEW is set, and this is not a preview');
  });
});
