/** The keys of `recovery`, and of a standby's services: one message for each thing that is wrong with them. */
import { expect, test } from 'vitest';
import { shippedConfig } from '../recording.ts';
import { PIN } from '../recovered/recovery-stack.ts';
import { complaints, configOf } from './stack-config.ts';

const recovering = (settings: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  role: 'recovery',
  recovery: { from: 'latest', repository: 'primary', ...settings },
  ...more,
});

const following = (settings: Record<string, unknown>) => ({
  standby: { of: { site: 'us-east-1', generation: 1 }, repository: 'secondary', ...settings },
});

const { storage: AWAY } = (await shippedConfig('local')) as { storage: object };

/** [what is wrong, stack, config, parts of the message] */
const WRONG: readonly (readonly [string, string, Record<string, unknown>, readonly string[]])[] = [
  [
    'recovery settings in a stack that recovers nothing',
    'dr',
    { recovery: { from: 'latest', repository: 'primary', harden: true } },
    ['DR-CONFIG recovery: is set, and role is "standby"', 'write role: recovery in a new stack'],
  ],
  [
    'what it begins from, as away',
    'local',
    recovering({ repository: 'secondary' }, { storage: { ...AWAY, detached: ['secondary'] } }),
    ['storage.detached', '"secondary" is the repository that this stack begins from'],
  ],
  [
    'every repository, as away',
    'local',
    { storage: { ...AWAY, detached: ['primary', 'secondary'] } },
    ['storage.detached', 'names every S3 repository'],
  ],
  [
    'a volume, as away',
    'local',
    { storage: { ...AWAY, detached: ['local'] } },
    ['storage.detached', '"local" is not a repository in S3', 'can stand here: primary, secondary'],
  ],
  [
    'a service that the plan does not know',
    'dr',
    recovering({ only: ['payment-servise'] }),
    ['recovery.only.0', 'not a tier or service of the plan', 'Did you mean "payment-service"?'],
  ],
  [
    'a kind in small letters',
    'dr',
    recovering({ exclude: ['deployment/api'] }),
    ['recovery.exclude.0', '"deployment" is not a kind', 'Deployment/api'],
  ],
  [
    'what is wanted and not wanted',
    'dr',
    recovering({ only: ['P1'], exclude: ['P1'] }),
    ['recovery.exclude.0', '"P1" is also in recovery.only'],
  ],
  [
    'the namespace of the keys for the platform',
    'dr',
    recovering({ map: { namespace: { shop: 'go-coffee-dr' } } }),
    ['recovery.map.namespace.shop', '"go-coffee-dr" is the namespace of this stack\'s jobs and keys'],
  ],
  [
    'two namespaces in one',
    'dr',
    recovering({ map: { namespace: { shop: 'one', bakery: 'one' } } }),
    ['recovery.map.namespace', 'two namespaces would both be "one"'],
  ],
  [
    'a registry with its scheme',
    'dr',
    recovering({ map: { registry: { 'registry.test': 'https://other.test' } } }),
    ['recovery.map.registry.registry.test', '"https://other.test": is not a registry'],
  ],
  [
    'a host that is none',
    'dr',
    recovering({ map: { host: { 'shop.example.com': 'shop' } } }),
    ['recovery.map.host.shop.example.com', '"shop": is not a host name'],
  ],
  [
    'a key that recovery does not have',
    'dr',
    recovering({ rotateSecret: true }),
    ['recovery.rotateSecret', 'Did you mean "rotateSecrets"?'],
  ],
  [
    'two resolved points',
    'dr',
    recovering({ resolved: PIN, pin: { ...PIN, repository: 'primary' } }),
    ['recovery.pin: differs from recovery.resolved', 'remove recovery.pin'],
  ],
  [
    'a drill that users are sent to',
    'dr',
    recovering(
      { isolated: true },
      {
        traffic: {
          zoneId: 'Z0123456789ABC',
          names: ['shop.example.com'],
          primary: 'a.example.com',
          standby: 'b.example.com',
        },
      },
    ),
    ['DR-CONFIG traffic', 'recovery.isolated is true'],
  ],
  [
    'a drill that owns the buckets',
    'production',
    recovering({ isolated: true }),
    ['storage.manage', 'would own the buckets'],
  ],
  [
    'what a standby leaves out of nothing',
    'dr',
    following({ exclude: ['Ingress'], map: { registry: { 'a.test': 'b.test' } } }),
    ['DR-CONFIG standby.map', 'is set, and standby.services is false', 'DR-CONFIG standby.exclude'],
  ],
  [
    'a service that the plan does not know, in a standby',
    'dr',
    following({ services: true, exclude: ['payment-servise'] }),
    ['standby.exclude.0', 'Did you mean "payment-service"?'],
  ],
  [
    'a standby’s services in the namespace of its keys',
    'dr',
    following({ services: true, map: { namespace: { shop: 'go-coffee-dr' } } }),
    ['standby.map.namespace.shop', '"go-coffee-dr" is the namespace of this stack\'s jobs and keys'],
  ],
  [
    'the end of a lineage that is not followed',
    'dr',
    following({ end: { lineage: 'us-east-1-2', lsn: '0/5000060' } }),
    ['standby.end', 'is of us-east-1-2, and the stack follows us-east-1-1'],
  ],
  [
    'an end that is no WAL position',
    'dr',
    following({ end: { lineage: 'us-east-1-1', lsn: "0/1'; --" } }),
    ['standby.end.lsn', 'is not a WAL position'],
  ],
];

test.each(WRONG)('%s is refused', async (_, stack, config, parts) => {
  const said = await complaints(stack, { config });
  for (const part of parts) expect(said).toContain(part);
});

test.each(['resolved', 'pin'])('the resolved point is read from recovery.%s', async (key) => {
  const given = recovering({ repository: 'secondary', [key]: PIN }, { generation: 2, standby: undefined });
  const { recovery } = await configOf('dr', { config: given });
  expect(recovery).toMatchObject({ from: 'latest', resolved: PIN });
  expect(recovery).not.toHaveProperty('pin');
});
