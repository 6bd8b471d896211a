/** The data is right and a service stays unhealthy: its tier is not back, and later tiers do not start. */
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readyFile } from '../../recovery/restore/execute.ts';
import { drEnds, withGolden } from './golden.ts';

test('exit 5 and not ready; once the service is healthy, the same command resumes', async () => {
  await withGolden(async ({ folder, emptySite }) => {
    const mark = (name: string): string => join(folder, name);
    const site = await emptySite('second', {
      workloads: ['uploads'],
      edit: (environment) => ({
        ...environment,
        services: {
          'order-service': {
            start: ['true'],
            stop: ['true'],
            health: ['sh', '-c', `echo no database; test -e ${mark('well')}`],
            healthyWithinSeconds: 1,
          },
          analytics: { start: ['touch', mark('analytics')], stop: ['true'], health: ['test', '-e', mark('analytics')] },
        },
      }),
    });
    const argv = ['restore', '--to', 'latest', '--confirm', 'drill'];
    const { stdout } = await drEnds(5, site.envFile, argv);
    expect(stdout).toContain('DR-SERVICE-UNHEALTHY order-service: not healthy within 1 s: no database');
    expect(stdout).toMatch(/^NOT ready/m);
    expect(stdout).toContain(`stopped by this restore: analytics; it is started by: touch ${mark('analytics')}`);
    await expect(access(readyFile(site.paths.state))).rejects.toThrow('ENOENT');
    await expect(access(mark('analytics'))).rejects.toThrow('ENOENT');

    await writeFile(mark('well'), '');
    const again = await drEnds(0, site.envFile, argv);
    expect(again.stdout).toMatch(/^ok +P3 +analytics is healthy/m);
    await access(mark('analytics'));
    expect(JSON.parse(await readFile(readyFile(site.paths.state), 'utf8'))).toMatchObject({ complete: true });
  });
});
