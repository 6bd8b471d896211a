import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processesBelow } from '../../drill/host/processes-below.ts';
import { SERVICES } from '../../drill/platform/services.ts';
import { readEnvironment } from '../../recovery/config/environment-file.ts';
import { withPlatform } from '../platform.ts';

test('a platform runs, its services are well, and need their data', async () => {
  let where = '';
  await withPlatform({ services: true }, async ({ platform, folder }) => {
    where = folder;
    const { paths, environment, run } = platform;
    expect(await readEnvironment(platform.envFile)).toEqual(environment);
    const health = async (service: string) => {
      const argv = environment.services[service]?.health as [string, ...string[]];
      const { exitCode, stdout } = await run(argv, { accept: [0, 1] });
      return { exitCode, ...(JSON.parse(stdout) as { problems: string[] }) };
    };
    for (const { id } of SERVICES) expect(await health(id), id).toMatchObject({ exitCode: 0, problems: [] });

    const redis = await platform.redis();
    await redis.flushall();
    redis.disconnect();
    const client = await platform.postgres();
    await client.query('truncate payments');
    await client.end();
    await rm(join(paths.folder('event-store'), '000002.ndjson'));
    await rm(join(paths.folder('monitoring-config'), 'rules.yaml'));
    await rm(join(paths.folder('manifests'), 'order-service.yaml'));
    await rm(join(paths.folder('images'), 'blobs'), { recursive: true });
    for (const id of ['auth-service', 'payment-service', 'order-service', 'analytics', 'monitoring', 'logging']) {
      const { exitCode, problems } = await health(id);
      expect(exitCode, id).toBe(1);
      expect(problems, id).not.toEqual([]);
    }
    expect((await health('auth-service')).problems).toContain('no sessions in Redis');
    expect((await health('payment-service')).problems).toContain('no payments');

    const killed = await platform.kill9();
    expect(killed.length).toBeGreaterThan(SERVICES.length);
    expect(await processesBelow(folder)).toEqual([]);
  });
  expect(await readFile(join(where, 'first', 'dr.yaml')).catch((e: NodeJS.ErrnoException) => e.code)).toBe('ENOENT');
});

test('stop and start keep what was written', async () => {
  await withPlatform({}, async ({ platform, folder }) => {
    const before = await platform.postgres();
    await before.query(`insert into events (kind, subject, payload, at) values ('seen', 'test', '{}', now())`);
    await before.end();
    const redis = await platform.redis();
    await redis.set('kept', 'yes');
    redis.disconnect();
    await platform.stop();
    expect(await processesBelow(folder)).toEqual([]);
    await platform.startStores();
    const after = await platform.postgres();
    expect((await after.query(`select count(*)::int n from events where subject = 'test'`)).rows).toEqual([{ n: 1 }]);
    await after.end();
    const again = await platform.redis();
    expect(await again.get('kept')).toBe('yes');
    again.disconnect();
  });
});
