/** Logins and stores in the config of a rebuilt stack. */
import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { draftConfig } from '../../../recovery/rebuild/assemble.ts';
import type { CredentialsBundle } from '../../../recovery/rebuild/credentials-bundle.ts';

const LOGIN = 'https://backup:token@git.example.com';
const bundle: CredentialsBundle = {
  describe: 'escrow file',
  plan: productionPlan,
  environment: 'production',
  site: 'us-east-1',
  signingKey: { name: 'first', secret: 'x' },
  repositories: [],
  gitCredentials: LOGIN,
  storePasswords: {},
};
const request = { set: {}, repository: 'secondary' };
const git = { value: { repositories: { shop: 'https://git.example.com/shop.git' } } };

test('they come from the bundle where the stack mirrors repositories', () => {
  const { values } = draftConfig(request, { bundle, like: { git } }, productionPlan);
  expect(values).toMatchObject({ git: git.value, gitCredentials: LOGIN });
  expect(draftConfig(request, { bundle, like: {} }, productionPlan).values).not.toHaveProperty('gitCredentials');
});

test('those of the stack itself or of the other stack stay', () => {
  const like = { git, gitCredentials: { value: 'https://own@git.example.com', secret: true } };
  expect(draftConfig(request, { bundle, like }, productionPlan).values.gitCredentials).toBe(
    'https://own@git.example.com',
  );
});

test('a platform whose stores were taken over is rebuilt from a copy, and its services keep their password', () => {
  const like = {
    postgres: { value: { instances: 1, adopt: { host: 'postgres.shop-data.svc', phase: 'lead' } } },
    redis: { value: { memory: '1Gi', clients: 'password', adopt: { host: 'redis.shop-data.svc' } } },
    redisClientPassword: { value: 'shop', secret: true },
  };
  const { values } = draftConfig(request, { bundle, like }, productionPlan);
  expect(values.postgres).toEqual({ instances: 1 });
  expect(values.redis).toEqual({ memory: '1Gi', clients: 'password' });
  expect(values.redisClientPassword).toBe('shop');
});

test('an external store that is left out takes its password along; the other one stays', () => {
  const like = {
    external: { value: { postgres: { host: 'db.shop.svc' }, redis: { host: 'cache.shop.svc' } } },
    externalPasswords: { value: { postgres: 'of the dump', redis: 'of the cache' }, secret: true },
  };
  const storesOf = (external: unknown) => {
    const { values } = draftConfig({ ...request, set: { external } }, { like }, productionPlan);
    return [values.external, values.externalPasswords];
  };
  expect(storesOf({ redis: 'none' })).toEqual([{ postgres: { host: 'db.shop.svc' } }, { postgres: 'of the dump' }]);
  expect(storesOf({ redis: 'none', postgres: 'none' })).toEqual([undefined, undefined]);
  expect(storesOf('none')).toEqual([undefined, undefined]);
  expect(storesOf({ redis: { port: 6380 } })[0]).toMatchObject({ redis: { host: 'cache.shop.svc', port: 6380 } });
});
