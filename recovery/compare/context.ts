/** What a comparison of one workload's two copies works with. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../plan/types.ts';
import type { Repository, Site } from '../config/site.ts';
import type { Restic } from '../engines/restic/restic.ts';
import { restoreSnapshot } from '../engines/restic/restore.ts';
import type { ResticCapture } from '../points/point.ts';
import type { Section } from './types.ts';

export interface Pair<T = ResticCapture> {
  readonly before: T;
  readonly after: T;
}

export interface CompareContext {
  readonly site: Site;
  readonly repository: Repository;
  readonly restic: Restic;
  /** Private; removed with all that is in it. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Throws where a copy can't be read: then the workload is not compared. */
export type Comparison = (context: CompareContext, workload: Workload, pair: Pair) => Promise<Section[]>;

/** Both, one after the other. */
export async function both<T, R>(
  { before, after }: Pair<T>,
  work: (one: T, side: 'a' | 'b') => Promise<R>,
): Promise<Pair<R>> {
  return { before: await work(before, 'a'), after: await work(after, 'b') };
}

/**
 * Lays a snapshot down, or of it only these names. Returns the folder that stands for what was copied.
 * @param only File names anywhere below; their folders come along. @default all
 */
export async function layAside(
  { restic, folder, signal }: CompareContext,
  { snapshot, path }: ResticCapture,
  name: string,
  only?: readonly string[],
): Promise<string> {
  const target = join(folder, name);
  await mkdir(target, { recursive: true, mode: 0o700 });
  await restoreSnapshot(restic, { snapshot, folder: target, signal, ...(only === undefined ? {} : { include: only }) });
  return join(target, path);
}
