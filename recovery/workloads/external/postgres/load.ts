/**
 * Loads a dump into a server: each database under a name of its own first, compared row by row, and only then in the place of what was
 * there, which stays beside it. So a load that fails or was wrong has changed nothing.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Site } from '../../../config/site.ts';
import { DrError, messageOf, verificationFailed } from '../../../core/errors.ts';
import { WRITES } from '../../../core/sql/settings.ts';
import { plural } from '../../../report/format.ts';
import { type DumpedDatabase, type Inventory, readInventory } from './inventory.ts';
import { planRoles } from './roles.ts';
import {
  connectionOptions,
  isNoDatabase,
  programArguments,
  programsFor,
  type Server,
  versionOf,
  withServer,
} from './server.ts';
import { differences } from './tables.ts';

export interface LoadRequest {
  readonly server: Server;
  /** The laid-down capture. */
  readonly folder: string;
  /** Letters, digits and `_`; part of the names of what is made and what is kept. */
  readonly id: string;
  readonly report: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Loaded {
  /** For people: what did not come along, what was kept. */
  readonly notes: readonly string[];
}

const quoted = pg.escapeIdentifier;
/** 63 bytes is the longest name. */
const named = (name: string, end: string): string => `${name.slice(0, 63 - end.length - 1)}_${end}`;
const freshName = ({ name }: DumpedDatabase, id: string): string => named(name, `dr_${id}_new`);
const keptName = ({ name }: DumpedDatabase, id: string): string => named(name, `dr_${id}_before`);

interface There {
  readonly superuser: boolean;
  readonly roles: readonly string[];
  readonly databases: readonly string[];
  readonly version: string;
}

async function look(site: Site, server: Server): Promise<There> {
  return withServer(site, server, async (client) => {
    const me = await client.query<{ super: boolean }>(
      'SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user',
    );
    const roles = await client.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
    const databases = await client.query<{ name: string }>('SELECT datname AS name FROM pg_database');
    return {
      superuser: me.rows[0]?.super === true,
      roles: roles.rows.map(({ name }) => name),
      databases: databases.rows.map(({ name }) => name),
      version: await versionOf(client),
    };
  });
}

/** Names of the dump's databases that hold tables on this server. A database that is not there, or is empty, is none of them. */
export async function occupied(site: Site, server: Server, names: readonly string[]): Promise<string[]> {
  const full: string[] = [];
  for (const database of names) {
    try {
      const any = await withServer(
        site,
        server,
        (client) =>
          client.query(
            "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','m') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dr') LIMIT 1",
          ),
        { database },
      );
      if (any.rowCount !== 0) full.push(database);
    } catch (error) {
      if (!isNoDatabase(error)) throw error;
    }
  }
  return full;
}

async function makeRoles(site: Site, { server, folder }: LoadRequest, { roles, superuser }: There): Promise<string[]> {
  const globals = await readFile(join(folder, 'globals.sql'), 'utf8');
  const { statements, without } = planRoles(globals, roles, superuser);
  const failed: string[] = [];
  await withServer(site, server, async (client) => {
    // A statement may hold the hash of a password: only the server's words are told.
    for (const statement of statements)
      await client.query(statement).catch((error: unknown) => failed.push(`a role: ${messageOf(error)}`));
  });
  return [...without.map((what) => `rights that ${server.user} may not give: ${what}`), ...new Set(failed)];
}

/** The server may lack the collation of the old one. */
async function createDatabase(client: pg.Client, database: DumpedDatabase, as: string): Promise<string[]> {
  const { encoding, collate, ctype } = database;
  const literal = (text: string): string => client.escapeLiteral(text);
  const base = `CREATE DATABASE ${quoted(as)} TEMPLATE template0 ENCODING ${literal(encoding)}`;
  try {
    await client.query(`${base} LC_COLLATE ${literal(collate)} LC_CTYPE ${literal(ctype)}`);
    return [];
  } catch (error) {
    if (!/invalid locale name|locale .* not|encoding .* does not match locale/i.test(messageOf(error))) throw error;
    await client.query(`${base} LC_COLLATE 'C' LC_CTYPE 'C'`);
    return [`${database.name} sorts text as C does: the server has no collation ${collate}`];
  }
}

const dropDatabase = (site: Site, server: Server, name: string) =>
  withServer(site, server, (client) => client.query(`DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`), {
    long: true,
    cleansUp: true,
  });

/** With owners and rights, then without owners, then without rights: rows matter more than who may read them. */
const ATTEMPTS: readonly { readonly flags: readonly string[]; readonly note: string }[] = [
  { flags: [], note: '' },
  {
    flags: ['--no-owner'],
    note: 'its tables belong to the user of the restore: the owners are not here, or may not be set',
  },
  {
    flags: ['--no-owner', '--no-privileges'],
    note: 'who may read and write its tables did not come along: roles are missing here',
  },
];
const OF_ROLES =
  /role "[^"]+" does not exist|must be (?:owner|member) of|must be able to SET ROLE|permission denied to|permission denied for schema public/;

function explained(error: unknown, { name }: DumpedDatabase): unknown {
  const extension =
    /could not open extension control file .*\/([^/"]+)\.control|extension "([^"]+)" is not available/.exec(
      messageOf(error),
    );
  if (extension === null) return error;
  return new DrError({
    code: 'EXTENSION-MISSING',
    where: `database ${name}`,
    fact: `the server lacks the extension ${extension[1] ?? extension[2]}, which the dump needs`,
    hint: 'install its package on the server, and run the same command again; nothing was replaced',
    cause: error,
  });
}

async function fill(site: Site, request: LoadRequest, database: DumpedDatabase, there: There): Promise<string[]> {
  const { server, folder, signal } = request;
  const fresh = freshName(database, request.id);
  const program = join(await programsFor(site, server, there.version), 'pg_restore');
  const options = {
    ...(await connectionOptions(site, server, WRITES)),
    as: site.environment.runAs,
    cwd: folder,
    signal,
  };
  // What refers to a table that could not be read can't be made; all else is held to the counted rows.
  const partial = database.lacking.length > 0;
  for (const { flags, note } of ATTEMPTS) {
    await dropDatabase(site, server, fresh);
    const notes = await withServer(site, server, (client) => createDatabase(client, database, fresh), { long: true });
    const argv = [program, ...programArguments(server), `--dbname=${fresh}`, '--jobs=2', ...flags] as const;
    try {
      const ended = await site.run(
        [...argv, ...(partial ? [] : ['--exit-on-error']), join(folder, database.folder)] as [string, ...string[]],
        { ...options, ...(partial ? { accept: [0, 1] } : {}) },
      );
      const refused = ended.stderr.split('\n').filter((line) => /^pg_restore: error:/.test(line));
      return [...notes, ...(note === '' ? [] : [note]), ...refused].map((line) => `${database.name}: ${line}`);
    } catch (error) {
      const last = flags === ATTEMPTS.at(-1)?.flags;
      if (last || !(error instanceof DrError) || !OF_ROLES.test(error.fact)) throw explained(error, database);
    }
  }
  return [];
}

/** The owner of the database itself, where it is here. */
async function own(client: pg.Client, database: string, owner: string, there: There): Promise<void> {
  if (!there.roles.includes(owner)) return;
  await client.query(`ALTER DATABASE ${quoted(database)} OWNER TO ${quoted(owner)}`);
}

async function compare(site: Site, request: LoadRequest, database: DumpedDatabase): Promise<void> {
  const ask = (client: pg.Client) => differences(client, database.tables);
  const wrong = await withServer(site, request.server, ask, { database: freshName(database, request.id), long: true });
  if (wrong.length === 0) return;
  throw verificationFailed({
    code: 'DUMP-DIFFERS',
    where: `database ${database.name}`,
    fact: wrong.slice(0, 20).join('\n'),
    hint: 'nothing was replaced; take another point or repository (`dr points`, --from)',
  });
}

/** Renames, in one transaction: the old one stays beside it. A name of the server's own can't be replaced while it is connected to. */
async function swap(site: Site, { server, id }: LoadRequest, database: DumpedDatabase): Promise<string[]> {
  const [fresh, kept, { name }] = [freshName(database, id), keptName(database, id), database];
  const via = { ...server, maintenance: name === server.maintenance ? 'template1' : server.maintenance };
  return withServer(
    site,
    via,
    async (client) => {
      const there = await client.query<{ name: string }>('SELECT datname AS name FROM pg_database');
      const has = (each: string): boolean => there.rows.some((row) => row.name === each);
      // An earlier run has done it.
      if (!has(fresh)) return [];
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY($1) AND pid <> pg_backend_pid()',
        [[name, fresh]],
      );
      const replaces = has(name) && !has(kept);
      await client.query('BEGIN');
      if (replaces) await client.query(`ALTER DATABASE ${quoted(name)} RENAME TO ${quoted(kept)}`);
      await client.query(`ALTER DATABASE ${quoted(fresh)} RENAME TO ${quoted(name)}`);
      await client.query('COMMIT');
      return replaces ? [kept] : [];
    },
    { long: true },
  );
}

/** The kept one goes where it held nothing. */
async function dropEmpty(site: Site, server: Server, kept: readonly string[]): Promise<string[]> {
  const full = await occupied(site, server, kept);
  for (const name of kept.filter((each) => !full.includes(each))) await dropDatabase(site, server, name);
  return full.map((name) => `what was there before is kept as ${name}: drop it when it is not needed`);
}

/** Throws `DUMP-DIFFERS` (exit 5) before anything is replaced, `EXTENSION-MISSING`, and what the way to the server throws. */
export async function loadDump(site: Site, request: LoadRequest): Promise<Loaded> {
  const { server, folder, id, report, signal } = request;
  const inventory: Inventory = await readInventory(folder);
  const notes = await makeRoles(site, request, await look(site, server));
  const there = await look(site, server);
  const todo = inventory.databases.filter(({ name }) => name !== '');
  for (const database of todo) {
    signal?.throwIfAborted();
    // Renamed by an earlier run of this restore, which ended after that.
    if (there.databases.includes(keptName(database, id)) && !there.databases.includes(freshName(database, id)))
      continue;
    report(`${database.name}: ${plural(database.tables.length, 'table')}`);
    try {
      notes.push(...(await fill(site, request, database, there)));
      await compare(site, request, database);
      await withServer(site, server, (client) => own(client, freshName(database, id), database.owner, there)).catch(
        (error: unknown) => notes.push(`${database.name}: its owner is not set: ${messageOf(error)}`),
      );
    } catch (error) {
      await dropDatabase(site, server, freshName(database, id)).catch((left: unknown) =>
        site.log.warn({ error: messageOf(left) }, 'an unfinished database is left on the server'),
      );
      throw error;
    }
  }
  const kept: string[] = [];
  for (const database of todo) kept.push(...(await swap(site, request, database)));
  return { notes: [...notes, ...(await dropEmpty(site, server, kept))] };
}
