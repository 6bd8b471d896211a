import { afterAll, beforeAll, expect, it } from 'vitest';
import { runNow } from './cron.ts';
import { connectDatabase, DATABASE } from './database.ts';
import { withRedis } from './redis.ts';
import { seedData } from './services/data.ts';
import { deployServices, servicesNotReady } from './services/deploy.ts';
import { localStack } from './stacks.ts';
import { quarantine } from './stories/quarantine.ts';
import { OWN_SECRETS, PLATFORM, RECOVERY, World } from './world.ts';

const world = new World();
beforeAll(() => world.start());
afterAll(() => world.end());

it('comes up', async () => {
  const api = world.cluster.api;
  world.outputs = await world.bringUp(await localStack(world.cluster.storage));
  const passwords = { application: world.secrets.postgres.application, redis: world.secrets.redis };
  await deployServices(api, { namespace: PLATFORM, database: DATABASE, passwords, ...OWN_SECRETS });
  const client = await connectDatabase(api, PLATFORM, 'application');
  await withRedis(api, PLATFORM, world.secrets.redis, (redis) => seedData(client, redis)).finally(() => client.end());
  expect(await servicesNotReady(api, PLATFORM, 120)).toEqual([]);
  const { succeeded, log } = await runNow(api, RECOVERY, 'dr-daily', 900);
  expect(succeeded, log).toBe(true);
});
quarantine(world);
