/** What leaving a stack takes away: never what holds data, nor the namespace around it. */
import { expect, test } from 'vitest';
import type { HeldObject, HeldResource } from '../../../../recovery/pulumi/engine.ts';
import { leaveStack } from '../../../../recovery/setup/leave/stack.ts';

function object(kind: string, name: string, namespace: string | undefined, guarded = false): HeldResource {
  const held: HeldObject = {
    apiVersion: 'v1',
    kind,
    name,
    labels: {},
    ...(namespace === undefined ? {} : { namespace }),
  };
  return { urn: `urn::${kind}::${name}`, type: `kubernetes:core/v1:${kind}`, object: held, adopted: false, guarded };
}

const resources = [
  object('Namespace', 'go-coffee-dr', undefined),
  object('Namespace', 'go-coffee-stores', undefined, true),
  object('Namespace', 'of-a-drill', undefined),
  object('CronJob', 'full-backup', 'go-coffee-dr'),
  object('NetworkPolicy', 'default-deny', 'go-coffee-dr'),
  object('PersistentVolumeClaim', 'backups', 'go-coffee-dr', true),
  {
    urn: 'urn::x::passphrase-local',
    type: 'random:index/randomPassword:RandomPassword',
    adopted: false,
    guarded: true,
  },
  { urn: 'urn::x::copies', type: 'aws:s3/bucketV2:BucketV2', adopted: false, guarded: true },
];

const outputs = {
  environment: 'production',
  lineage: 'us-east-1-1',
  namespaces: { platform: 'go-coffee-stores', recovery: 'go-coffee-dr', existing: ['shop'] },
  repositories: {
    local: { kind: 'local', path: '/var/backups/go-coffee' },
    primary: { kind: 's3', endpoint: 'https://s3.example.com', region: 'x', bucket: 'copies' },
  },
  secrets: { passphrases: { local: 'hush' } },
};

const leaving = leaveStack({ stack: 'production', held: { resources, contexts: ['prod'] }, outputs });

test('jobs, policies and an empty namespace go; claims, buckets, their namespace and the keys stay', () => {
  expect(leaving.goes.map(({ what, where }) => `${what} ${where}`)).toEqual([
    'CronJob go-coffee-dr/full-backup',
    'Namespace of-a-drill',
    'NetworkPolicy go-coffee-dr/default-deny',
  ]);
  const stays = leaving.stays.map(({ what, where }) => `${what} ${where}`);
  expect(stays).toEqual([
    'copies in local claim of the local repository, at /var/backups/go-coffee in its pods',
    'copies in primary https://s3.example.com bucket copies',
    'aws:s3/bucketV2:BucketV2 copies',
    'Namespace go-coffee-stores, go-coffee-dr',
    'PersistentVolumeClaim go-coffee-dr/backups',
    'passwords and keys the state of production',
    'Namespace shop',
  ]);
});

test('the keys are kept before anything is removed, by the context of the stack; no secret is told', () => {
  const commands = leaving.steps.flatMap(({ commands: lines }) => lines);
  expect(commands[0]).toContain('pulumi stack output secrets --show-secrets --stack production > credentials.json');
  const destroy = commands.findIndex((line) => line.startsWith('pulumi destroy'));
  expect(destroy).toBeGreaterThan(0);
  expect(
    commands.filter((line) => line.startsWith('pulumi destroy')).every((line) => line.includes('--exclude-protected')),
  ).toBe(true);
  expect(commands).toContain('kubectl --context prod get pvc -n go-coffee-dr');
  expect(JSON.stringify(leaving)).not.toContain('hush');
});
