/** The engines that a point was made with, against those of this host: an older one may not read what a newer one wrote. */
import type { Site } from '../config/site.ts';
import { findEngine } from '../engines/find.ts';
import { compareVersions } from '../engines/versions.ts';
import type { RestoreItem } from '../workloads/restore-plan.ts';

/** Point → engine → version. */
export type Tools = ReadonlyMap<string, Readonly<Record<string, string>>>;

const isVersion = (text: string): boolean => /^\d+(?:\.\d+)*$/.test(text);

/** Pure. */
export function engineNotes(
  items: readonly Pick<RestoreItem, 'capture' | 'point'>[],
  tools: Tools,
  here: Readonly<Record<string, string | undefined>>,
): string[] {
  const notes = new Set<string>();
  for (const { capture, point } of items) {
    const { engine } = capture;
    const [then, now] = [tools.get(point)?.[engine], here[engine]];
    if (then === undefined || !isVersion(then))
      notes.add(
        `the point ${point} does not say which version of ${engine} made it: it was not compared with this host's`,
      );
    else if (now !== undefined && isVersion(now) && compareVersions(now, then) < 0)
      notes.add(
        `${engine} of this host is ${now}, and ${point} was made with ${then}: if it refuses, install ${then} or newer (\`dr doctor\`)`,
      );
  }
  return [...notes];
}

/** Redis and PostgreSQL compare the versions of their servers themselves. */
export async function madeWithNotes(site: Site, items: readonly RestoreItem[], tools: Tools): Promise<string[]> {
  const names = [...new Set(items.map(({ capture }) => capture.engine))];
  const found = await Promise.all(
    names.map(async (name) => [name, (await findEngine(name, { run: site.run }))?.version] as const),
  );
  return engineNotes(items, tools, Object.fromEntries(found));
}
