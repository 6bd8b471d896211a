/** Versions of the engines that took part: a point says with what it was made. */
import { findEngine } from '../engines/find.ts';

const ENGINES = ['pgbackrest', 'restic', 'redis-server', 'git'] as const;

export async function toolVersions(): Promise<Record<string, string>> {
  const found = await Promise.all(ENGINES.map((name) => findEngine(name)));
  const versions = found.flatMap((engine, i) => (engine ? [[ENGINES[i] ?? '', engine.version] as const] : []));
  return { node: process.versions.node, ...Object.fromEntries(versions) };
}
