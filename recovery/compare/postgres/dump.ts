/** Two logical dumps: roles, and each object of each database. Only the tables of contents are laid down, never the rows. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { postgresSettings } from '../../config/environment.ts';
import { ifAbsent } from '../../core/absent.ts';
import { verificationFailed } from '../../core/errors.ts';
import { findPostgresBin } from '../../engines/find.ts';
import { EXTERNAL, type ResticCapture } from '../../points/point.ts';
import { readInventory } from '../../workloads/external/postgres/inventory.ts';
import { both, type CompareContext, type Comparison, layAside } from '../context.ts';
import { type Change, section } from '../types.ts';
import { compareJobs, type Job, readJobs } from './cron.ts';
import { type DumpObject, readEntries } from './entries.ts';
import { compareObjects } from './objects.ts';
import { isOwnObject, ownNote } from './own.ts';
import { compareRoles } from './roles.ts';

interface Database {
  readonly objects: readonly DumpObject[];
  /** Undefined where the dump has no table of pg_cron. */
  readonly jobs: readonly Job[] | undefined;
}

interface Dump {
  readonly globals: string;
  readonly databases: ReadonlyMap<string, Database>;
  /** Databases and tables that the dump lacks. */
  readonly lacking: readonly string[];
}

const CRON = /^(\d+); \d+ \d+ TABLE DATA cron job /m;

async function readDatabase(context: CompareContext, capture: ResticCapture, folder: string, aside: string) {
  const { site, signal } = context;
  const bin = await findPostgresBin(site.environment.postgres?.binDir);
  const restore = async (...args: readonly string[]) =>
    (await site.run([join(bin, 'pg_restore'), ...args, folder], { cwd: '/', signal })).stdout;
  // With --create, what belongs to the database itself is among it: its settings and grants.
  const objects = readEntries(
    await restore('--list', '--schema-only', '--create'),
    await restore('--schema-only', '--create', '--file=-'),
  );
  const data = CRON.exec(await restore('--list'))?.[1];
  if (data === undefined) return { objects, jobs: undefined };
  await layAside(context, capture, aside, [`${data}.dat`, `${data}.dat.gz`]);
  return { objects, jobs: readJobs(await restore('--data-only', '--schema=cron', '--table=job', '--file=-')) ?? [] };
}

/** Folder below the capture → database. */
async function databasesOf(context: CompareContext, { facts }: ResticCapture, folder: string) {
  if (facts[EXTERNAL] === true) {
    const { databases, lacking } = await readInventory(folder);
    const without = databases.flatMap(({ name, lacking: tables }) => tables.map((table) => `${name}: ${table}`));
    return { at: new Map(databases.map((each) => [each.folder, each.name])), lacking: [...lacking, ...without] };
  }
  const name =
    typeof facts.database === 'string' ? facts.database : postgresSettings(context.site.environment).database;
  return { at: new Map([['database', name]]), lacking: [] };
}

async function readDump(context: CompareContext, capture: ResticCapture, aside: string): Promise<Dump> {
  const folder = await layAside(context, capture, aside, ['globals.sql', 'toc.dat', 'inventory.json']);
  const globals = await readFile(join(folder, 'globals.sql'), 'utf8').catch(ifAbsent(undefined));
  const { at, lacking } = await databasesOf(context, capture, folder);
  const found = await readdir(folder).catch(ifAbsent<string[]>([]));
  const gone = [...at.keys()].filter((each) => !found.includes(each));
  if (globals === undefined || gone.length > 0) {
    throw verificationFailed({
      code: 'CAPTURE-DAMAGED',
      where: aside,
      fact: `the dump lacks ${[...(globals === undefined ? ['globals.sql'] : []), ...gone].join(', ')}`,
      hint: 'take another point or repository (`dr points`, --from)',
    });
  }
  const databases = new Map<string, Database>();
  for (const [below, name] of at) databases.set(name, await readDatabase(context, capture, join(folder, below), aside));
  return { globals, databases, lacking };
}

function databaseChanges(before: Dump, after: Dump): Change[] {
  const names = [...new Set([...before.databases.keys(), ...after.databases.keys()])];
  return names.flatMap((name): Change[] => {
    const [old, now] = [before.databases.get(name), after.databases.get(name)];
    if (old === undefined || now === undefined) {
      const kind = old === undefined ? 'added' : 'removed';
      return [{ kind, what: 'database', name, rank: 'access', facts: [] }];
    }
    const foreign = (objects: Database['objects']) => objects.filter((each) => !isOwnObject(each));
    return compareObjects(foreign(old.objects), foreign(now.objects), names.length > 1 ? name : '');
  });
}

const jobsOf = ({ databases }: Dump): Job[] | undefined => {
  const held = [...databases.values()].flatMap(({ jobs }) => (jobs === undefined ? [] : [jobs]));
  return held.length === 0 ? undefined : held.flat();
};

export const compareDumps: Comparison = async (context, { id }, pair) => {
  const { before, after } = await both(pair, (capture, side) => readDump(context, capture, `${id}.${side}`));
  const jobs = { old: jobsOf(before), now: jobsOf(after) };
  const databases = [...after.databases.keys()].join(', ');
  const lacking = [...new Set([...before.lacking, ...after.lacking])];
  const ownIn = ({ databases }: Dump): number =>
    [...databases.values()].flatMap(({ objects }) => objects).filter(isOwnObject).length;
  const left = Math.abs(ownIn(before) - ownIn(after));
  const notes = ['versions of extensions are in no dump', ...ownNote(left, 'object')];
  const gaps = lacking.length === 0 ? [] : [`not in the dumps: ${lacking.join(', ')}`];
  const cron =
    jobs.old === undefined && jobs.now === undefined
      ? section(id, 'PostgreSQL: cron jobs', [], {
          notes: [`not looked at: neither dump holds cron.job (databases: ${databases})`],
        })
      : section(id, 'PostgreSQL: cron jobs', compareJobs(jobs.old ?? [], jobs.now ?? []));
  return [
    compareRoles(id, before.globals, after.globals),
    section(id, `PostgreSQL: objects of ${databases}`, databaseChanges(before, after), { notes, gaps }),
    cron,
  ];
};
