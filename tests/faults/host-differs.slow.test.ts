/** A point of another host: the restore's preflight compares engines and libraries, and says what it could not compare. */
import { expect, test } from 'vitest';
import { openCatalog } from '../../recovery/points/catalog/catalog.ts';
import { newPointId } from '../../recovery/points/id.ts';
import type { Capture } from '../../recovery/points/point.ts';
import { forgeIn } from './forge-point.ts';
import { drEnds, withGolden } from './golden.ts';

test('engines, libraries that sort text, data checksums, and points that say nothing', async () => {
  await withGolden(async ({ emptySite, facts }) => {
    const { envFile, ...platform } = await emptySite('second', { workloads: ['postgres', 'uploads'] });
    const { site } = await forgeIn({ ...platform, envFile });
    const catalog = await openCatalog(site, site.repository('local'), 'writer');
    const warnings = async (target: string): Promise<string> => {
      const { stdout } = await drEnds(0, envFile, [
        'restore',
        '--to',
        target,
        '--from',
        'local',
        '--dry-run',
        '-o',
        'json',
      ]);
      return (JSON.parse(stdout) as { warnings: string[] }).warnings.join('\n');
    };
    expect(await warnings(facts.points.incremental)).not.toMatch(/REINDEX|was made with|does not say|checksums/);

    const last = (await catalog.points()).at(-1)?.point;
    if (last === undefined) throw new Error('the golden repository holds points');
    const { previous: _, signature: __, ...body } = last;
    const forge = async (change: (capture: Capture) => Capture, tools: Record<string, string>): Promise<string> => {
      const id = newPointId('incremental', new Date());
      const captures = body.captures.filter(({ workload }) => ['postgres', 'uploads'].includes(workload)).map(change);
      await catalog.write({ ...body, id, captures, tools });
      return id;
    };
    const foreign = await forge(
      (capture) => {
        if (capture.engine !== 'pgbackrest' || capture.server === undefined) return capture;
        const server = { ...capture.server, collations: ['icu 1.1', 'libc 2.5'], icu: '50', dataChecksums: false };
        return { ...capture, server };
      },
      { ...body.tools, pgbackrest: '99.1', restic: '99.2' },
    );
    const named = await warnings(foreign);
    for (const each of [
      /glibc 2\.5 and this host has \S+: run REINDEX DATABASE/,
      /ICU 50 and this host has \d+: run REINDEX DATABASE/,
      /pgbackrest of this host is \S+, and \S+ was made with 99\.1/,
      /restic of this host is \S+, and \S+ was made with 99\.2/,
      /the source cluster has no data checksums/,
    ])
      expect(named).toMatch(each);

    const silent = await forge((capture) => {
      if (capture.engine !== 'pgbackrest') return capture;
      const { server: _server, ...rest } = capture;
      return rest;
    }, {});
    const unsaid = await warnings(silent);
    expect(unsaid).toMatch(/the point does not say what the server of \S+ needs of a host: .*REINDEX/);
    expect(unsaid).toContain('does not say which version of pgbackrest made it');
    expect(unsaid).toContain('does not say which version of restic made it');
  });
});
