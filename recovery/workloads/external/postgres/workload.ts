/** PostgreSQL of a server that stays where it is: dumps of all its databases, and their way back into it or into another one. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Site } from '../../../config/site.ts';
import { hasCode, precondition } from '../../../core/errors.ts';
import { plural } from '../../../report/format.ts';
import { restoredFolder, trySnapshot } from '../../folder.ts';
import { layDown } from '../../lay-down.ts';
import type { SnapshotItem } from '../../restore-plan.ts';
import { type Check, check, judged, type RestoreContext, step, stepResult } from '../../restore-step.ts';
import type { Restored, WorkloadType } from '../../workload.ts';
import { captureExternal } from './capture.ts';
import { checkExtensions } from './extensions.ts';
import { checkExternal } from './health.ts';
import { readInventory } from './inventory.ts';
import { loadDump, occupied } from './load.ts';
import { addressOf, programsFor, serverOf, versionOf, withServer } from './server.ts';
import { differences, readDatabases } from './tables.ts';
import { tryDump } from './trial.ts';

/** Journals of killed runs are read again, and names of PostgreSQL are short: the end of the id tells restores apart. */
export const shortId = (id: string): string =>
  id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(-12);

const notes = z.strictObject({ notes: z.array(z.string()) });

/** The dumped files have done their work; what they held is on the server. The inventory stays, for the checks. */
async function dropFiles(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((each) => each !== 'inventory.json'))
    await rm(join(folder, name), { recursive: true, force: true });
}

async function restore(context: RestoreContext, item: SnapshotItem): Promise<Restored> {
  const { site, plan, signal } = context;
  const begun = performance.now();
  const { workload, destination } = item;
  const id = (name: string): string => `${workload}/${name}`;
  const server = serverOf(site.environment);
  await step(context, { item, id: id('copy'), what: 'fetch the dumps' }, (report) =>
    layDown({ ...context, signal }, item, destination, report),
  );
  const loading = { item, id: id('load'), what: `load them into ${addressOf(server)}`, result: notes };
  const { notes: said } = await stepResult(context, loading, async (report) => {
    const loaded = await loadDump(site, { server, folder: destination, id: shortId(plan.id), report, signal });
    await dropFiles(destination);
    return { notes: [...loaded.notes] };
  });
  const { capturedAt } = item.capture;
  return {
    copySeconds: (performance.now() - begun) / 1000,
    recoveredTo: capturedAt,
    ...(said.length === 0 ? {} : { note: said.join('; ') }),
  };
}

/** @param folder holds the inventory of what was loaded */
export async function loadedChecks(site: Site, item: SnapshotItem, folder: string): Promise<Check[]> {
  const server = serverOf(site.environment);
  const { databases } = await readInventory(folder);
  const made: Check[] = [];
  for (const { name, tables } of databases) {
    const wrong = await withServer(site, server, (client) => differences(client, tables), {
      database: name,
      long: true,
    });
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const held = `${plural(tables.length, 'table')}, ${plural(rows, 'row')}`;
    const id = `${item.workload}/${name}`;
    made.push(
      check(item, {
        id,
        title: `database ${name} holds what was dumped`,
        expected: held,
        actual: wrong.join('; ') || held,
      }),
    );
  }
  return made;
}

const RIGHTS = `
  SELECT rolsuper OR rolcreatedb AS makes,
         ARRAY(SELECT datname::text FROM pg_database WHERE NOT datistemplate AND datallowconn AND NOT pg_has_role(current_user, datdba, 'MEMBER') ORDER BY 1) AS others
  FROM pg_roles WHERE rolname = current_user`;

/** Before anything is touched: the server lets us in, and its user may make databases and replace those that hold data. */
async function preflight(site: Site, { capture }: SnapshotItem): Promise<void> {
  const server = serverOf(site.environment);
  await programsFor(site, server, await withServer(site, server, versionOf));
  const { rows } = await withServer(site, server, (client) =>
    client.query<{ makes: boolean; others: string[] }>(RIGHTS),
  );
  const { makes = false, others = [] } = rows[0] ?? {};
  const named = others.filter((name) => server.databases?.includes(name) !== false && name !== server.maintenance);
  const full = makes ? await occupied(site, server, named) : [];
  if (makes && full.length === 0) return checkExtensions(site, server, capture.facts);
  throw precondition({
    code: 'POSTGRES-RIGHTS',
    where: addressOf(server),
    fact: makes
      ? `"${server.user}" may read ${full.join(', ')} and not replace it: it is no member of its owner`
      : `"${server.user}" may make no database`,
    hint: `name a user with CREATEDB that owns what is replaced, or a superuser, in ${server.field}.user for the restore; nothing was changed`,
  });
}

export const externalDump: WorkloadType = {
  engines: ['restic'],
  intoServer: true,
  secrets: ({ external, postgres }) => ({
    'external.postgres.password': external?.postgres?.password,
    ...(external?.postgres === undefined ? { 'postgres.password': postgres?.password } : {}),
  }),
  capture: (site, workload, { signal }) => captureExternal(site, workload, signal),
  destination: restoredFolder,
  async isAlive(site) {
    const server = serverOf(site.environment);
    const { databases } = await withServer(site, server, (client) => readDatabases(client, server)).catch(
      (error: unknown) => {
        // A restore into a fresh server: it has none of them yet.
        if (hasCode(error, 'DATABASE-UNKNOWN')) return { databases: [] };
        throw error;
      },
    );
    const names = databases.map(({ name }) => name);
    return (await occupied(site, server, names)).length > 0;
  },
  preflight,
  // The files, and what unpacks of them on the server, whose disk can't be seen from here.
  needs: async (_, { destination, capture }) => [{ path: destination, bytes: capture.bytes }],
  restore,
  checks: (site, item) => loadedChecks(site, item, item.destination),
  trial: (site, item, request) =>
    trySnapshot(site, item, request, async (tried) => judged(tried, [...(await tryDump(site, tried, request)).checks])),
  health: { service: 'postgres', checks: checkExternal },
};
