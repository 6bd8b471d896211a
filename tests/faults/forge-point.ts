/** Recovery points that only a fault would make: signed like any other, with captures that a test has changed. */
import type { Platform } from '../../drill/platform/platform.ts';
import { openSite, type Site } from '../../recovery/config/site.ts';
import { openCatalog } from '../../recovery/points/catalog/catalog.ts';
import { newPointId } from '../../recovery/points/id.ts';
import type { Capture, ResticCapture } from '../../recovery/points/point.ts';

export interface Forge {
  readonly site: Site;
  /** The newest capture of a workload in `local`. */
  newest(workload: string): Promise<ResticCapture>;
  /** A new incremental point in `local` with these captures only. */
  write(captures: readonly Capture[]): Promise<string>;
}

export async function forgeIn(platform: Platform): Promise<Forge> {
  const site = await openSite(platform.envFile);
  const catalog = await openCatalog(site, site.repository('local'), 'writer');
  return {
    site,
    async newest(workload) {
      const captures = (await catalog.points()).flatMap((entry) => entry.point.captures);
      const found = captures.findLast((capture) => capture.workload === workload);
      if (found?.engine !== 'restic') throw new Error(`no capture of ${workload} by restic`);
      return found;
    },
    async write(captures) {
      const last = (await catalog.points()).at(-1)?.point;
      if (last === undefined) throw new Error('the golden repository holds points');
      const { previous: _, signature: __, ...body } = last;
      const now = new Date();
      const times = { startedAt: now.toISOString(), endedAt: now.toISOString() };
      const id = newPointId('incremental', now);
      await catalog.write({
        ...body,
        ...times,
        id,
        pointKind: 'incremental',
        complete: false,
        captures: [...captures],
      });
      return id;
    },
  };
}
