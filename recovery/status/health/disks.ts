/** Free space of the state folder and of folder repositories, against the plan's thresholds. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { attachedRepositories } from '../../config/repositories.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { formatBytes, formatPercent } from '../../report/format.ts';
import type { HealthCheck } from '../../workloads/workload.ts';

interface Place {
  readonly id: string;
  readonly title: string;
  readonly path: string;
}

export async function checkDisks(site: Site): Promise<HealthCheck[]> {
  const places: Place[] = [
    { id: 'disk/state', title: 'Disk of the state directory', path: site.environment.stateDir },
    ...attachedRepositories(site).flatMap(({ id, settings }) =>
      settings.type === 'posix' ? [{ id: `disk/${id}`, title: `Disk of repository ${id}`, path: settings.path }] : [],
    ),
  ];
  return Promise.all(places.map((place) => checkDisk(place, site.plan.thresholds.storage)));
}

/** Above either threshold the check fails; the fact says which. */
async function checkDisk(
  { id, title, path }: Place,
  storage: { readonly warningPercent: number; readonly criticalPercent: number },
): Promise<HealthCheck> {
  const { blocks, bfree, bavail, bsize } = await statfs(await nearestExisting(path));
  const used = usedPart(blocks, bfree, bavail);
  return {
    id,
    title,
    ...judgeDisk(used, storage, `${path}: ${formatPercent(used)} used, ${formatBytes(bavail * bsize)} free`),
  };
}

/** As `df` counts: blocks reserved for root are neither used nor free. */
export function usedPart(blocks: number, free: number, available: number): number {
  const used = blocks - free;
  return used + available === 0 ? 0 : used / (used + available);
}

export function judgeDisk(
  used: number,
  { warningPercent, criticalPercent }: { readonly warningPercent: number; readonly criticalPercent: number },
  fact: string,
): Pick<HealthCheck, 'ok' | 'fact'> {
  if (used * 100 > criticalPercent) return { ok: false, fact: `CRITICAL, above ${criticalPercent}%: ${fact}` };
  if (used * 100 > warningPercent) return { ok: false, fact: `warning, above ${warningPercent}%: ${fact}` };
  return { ok: true, fact };
}

async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const found = await statfs(at).catch(ifAbsent(undefined));
    if (found !== undefined || at === dirname(at)) return at;
  }
}
