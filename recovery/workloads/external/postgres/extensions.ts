/** Extensions that databases use: a server that lacks one can't take their dumps, and that is known before anything is changed. */
import type { Site } from '../../../config/site.ts';
import { precondition } from '../../../core/errors.ts';
import type { CaptureFacts } from '../../../points/point.ts';
import { addressOf, type Server, withServer } from './server.ts';

const FACT = 'extensions';

/** Sorted, each once; `plpgsql` is in every server. */
export async function readExtensions(site: Site, server: Server, databases: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const database of databases) {
    const ask = "SELECT extname::text AS name FROM pg_extension WHERE extname <> 'plpgsql'";
    const { rows } = await withServer(site, server, (client) => client.query<{ name: string }>(ask), { database });
    for (const { name } of rows) found.add(name);
  }
  return [...found].sort();
}

export function extensionFacts(names: readonly string[]): CaptureFacts {
  return names.length === 0 ? {} : { [FACT]: names.join(', ') };
}

/** Copies of older versions don't say. Throws `EXTENSION-MISSING` (exit 6). */
export async function checkExtensions(site: Site, server: Server, facts: CaptureFacts): Promise<void> {
  const named = facts[FACT];
  const wanted = typeof named === 'string' ? named.split(', ') : [];
  if (wanted.length === 0) return;
  const ask = 'SELECT name::text FROM pg_available_extensions';
  const { rows } = await withServer(site, server, (client) => client.query<{ name: string }>(ask));
  const missing = wanted.filter((name) => !rows.some((row) => row.name === name));
  if (missing.length === 0) return;
  throw precondition({
    code: 'EXTENSION-MISSING',
    where: addressOf(server),
    fact: `it lacks ${missing.length === 1 ? 'the extension' : 'extensions'} ${missing.join(', ')}, which the copy needs`,
    hint: 'install the packages on the server, and run the same command again; nothing was changed',
  });
}
