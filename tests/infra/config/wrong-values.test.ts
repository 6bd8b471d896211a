/** What an operator types wrong in the file of a stack beside a platform that is there: one problem each, and none that follows from it. */
import { expect, test } from 'vitest';
import { complaints, configOf } from './stack-config.ts';

const POSTGRES = { host: 'db.shop.svc', user: 'dr_dump', tls: 'require' };
const REDIS = { host: 'cache.shop.svc', tls: 'disable' };
const VOLUMES = { media: { claim: 'media', namespace: 'shop', access: 'ReadWriteMany' } };
const BESIDE = {
  namespaces: { platform: { existing: ['shop', 'shop-data'] }, recovery: 'shop-dr' },
  external: { postgres: POSTGRES, redis: REDIS },
  externalPasswords: { postgres: 'of the dump' },
  volumes: VOLUMES,
};
const existing = (...names: string[]) => ({ namespaces: { platform: { existing: names }, recovery: 'shop-dr' } });
const images = { toolbox: 'r/toolbox:1', postgres: 'r/postgres:1', redis: 'r/redis:1' };
const writer = { accessKeyId: 'id', secretAccessKey: 'secret' };

test.each([
  [
    { volumes: { media: { ...VOLUMES.media, access: 'ReadWriteOnce', pods: { app: 'a b' } } } },
    ...['volumes.media.pods.app', '"a b" is not the value of a label', 'at most 63'],
  ],
  [
    { monitoring: { labels: { 'my~label': 'x' } } },
    'monitoring.labels.my~label',
    'is not the name of a label',
    'show-labels',
  ],
  [existing('shop', 'Shop Data'), 'namespaces.platform.existing.1', '"Shop Data" is not a name', 'write 1 to 63'],
  [existing('shop', 'a; b'), 'namespaces.platform.existing.1', '"a; b" is not a name', 'write 1 to 63'],
  [existing('shop', 'kube-system'), 'namespaces.platform.existing', '"kube-system" belongs to Kubernetes', 'alone'],
  [
    { external: { postgres: { ...POSTGRES, port: 0 }, redis: REDIS } },
    'external.postgres.port',
    '0 is less than 1',
    '1 or more',
  ],
  [
    { external: { postgres: POSTGRES, redis: { ...REDIS, port: 70_000 } } },
    ...['external.redis.port', '70000 is more than 65535', '65535 or less'],
  ],
  [
    { external: { postgres: { ...POSTGRES, databases: ['shop', 'shop'] }, redis: REDIS } },
    ...['external.postgres.databases', 'names one twice', 'name each once'],
  ],
  [
    { external: { postgres: POSTGRES, redis: { ...REDIS, host: POSTGRES.host, port: 5432 } } },
    ...['external.redis', 'db.shop.svc:5432 is external.postgres too', 'correct host or port'],
  ],
  [
    { volumes: { postgres: VOLUMES.media } },
    ...['volumes.postgres', '"postgres" is a workload of the plan, of type postgres', 'a name of its own'],
  ],
  [
    { images: { ...images, toolbox: 'r/tool box:1' } },
    'images.toolbox',
    'is not the name of an image',
    'without blanks',
  ],
  [
    { git: { repositories: { 'a b': 'https://g.example.com/x.git' } } },
    'git.repositories.a b',
    '"a b"',
    'write 1 to 63',
  ],
  [{ s3Credentials: { primary: { writer } } }, 's3Credentials.primary.restorer', 'is missing', 'add it'],
] as const)('%j: one problem', async (wrong, where, fact, hint) => {
  const message = await complaints('local', { config: { ...BESIDE, ...wrong } });
  expect(message.match(/^DR-CONFIG (\S+( b)?)(?=:| \()/gm)).toEqual([`DR-CONFIG ${where}`]);
  expect(message).toContain(fact);
  expect(message).toContain(hint);
  expect(message).not.toMatch(/"(.+)": "\1"|Too (small|big)|Invalid/);
});

test('a secret that a message quotes is not shown', async () => {
  const signingKey = { signingKey: 's3cr3t\n' };
  const message = await complaints('local', {
    config: { secretValues: signingKey, alertTargets: { pingUrl: 's3cr3t' } },
  });
  expect(message).not.toContain('s3cr3t');
});

test('with AWS, a store that stays where it is needs no class: it has no volume', async () => {
  const storageClasses = { ebs: { name: 'shop-gp3' }, backups: 'shop-gp3' };
  const { external, externalPasswords } = BESIDE;
  const config = { storageClasses, external, externalPasswords };
  expect((await configOf('production', { config })).external.postgres?.host).toBe('db.shop.svc');
  const own = await complaints('production', { config: { ...config, external: { postgres: POSTGRES } } });
  expect(own).toContain('storageClasses.redis');
  expect(own).not.toContain('storageClasses.postgres');
});
