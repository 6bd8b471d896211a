/** How much a restore adds to each file system, and whether that is free. */
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Site } from '../config/site.ts';
import { isThere } from '../core/absent.ts';
import { precondition } from '../core/errors.ts';
import { formatBytes } from '../report/format.ts';
import { typeOfItem } from '../workloads/registry.ts';
import type { RestorePlan } from '../workloads/restore-plan.ts';

async function nearestExisting(path: string): Promise<string> {
  return path === '/' || (await isThere(path)) ? path : nearestExisting(dirname(path));
}

/** Throws `DISK-TOO-SMALL` (exit 6) for the first file system that has less. */
export async function checkDisk(site: Site, plan: RestorePlan): Promise<void> {
  const all = (await Promise.all(plan.items.map((item) => typeOfItem(item).needs(site.environment)))).flat();
  const needs = new Map<number, { path: string; needed: number; free: number }>();
  for (const { path, bytes } of all) {
    const there = await nearestExisting(path);
    const [{ dev }, fs] = [await stat(there), await statfs(there)];
    const need = needs.get(dev) ?? { path: there, needed: 0, free: fs.bavail * fs.bsize };
    need.needed += bytes;
    needs.set(dev, need);
  }
  for (const { path, needed, free } of needs.values()) {
    if (needed <= free) continue;
    throw precondition({
      code: 'DISK-TOO-SMALL',
      where: path,
      fact: `the restore needs ${formatBytes(needed)} there and ${formatBytes(free)} are free`,
      hint: 'make room, or restore in parts with --only',
    });
  }
}
