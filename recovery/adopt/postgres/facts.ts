/** What two servers say of themselves, before one follows the other. It only reads. */
import { z } from 'zod';
import type { Row } from '../types.ts';
import type { ManagedServer, SourceServer } from './ports.ts';

const names = z.array(z.string());

const database = z.object({
  name: z.string(),
  bytes: z.coerce.number(),
  provider: z.string(),
  collate: z.string().nullable(),
  /** Of the library that sorts its text. */
  version: z.string().nullable(),
});

const role = z.object({
  name: z.string(),
  login: z.boolean(),
  super: z.boolean(),
  replication: z.boolean(),
  password: z.enum(['none', 'md5', 'scram']),
  comment: z.string().nullable(),
});

const session = z.object({ user: z.string(), address: z.string().nullable(), sessions: z.coerce.number() });

const hbaRule = z.object({
  type: z.string(),
  databases: names,
  users: names,
  address: z.string().nullable(),
  netmask: z.string().nullable(),
  method: z.string(),
  line: z.coerce.number(),
});
export type HbaRule = z.infer<typeof hbaRule>;

const sourceSchema = z.object({
  version: z.coerce.number(),
  versionText: z.string(),
  systemId: z.string(),
  /** Seconds since 1970, to the microsecond: a copy of a server has its system id, and another start. */
  startedAt: z.string(),
  /** Who connects to it writes nothing unless he asks for it: a server that was taken over is left so. */
  readOnly: z.boolean(),
  inRecovery: z.boolean(),
  user: z.string(),
  settings: z.record(z.string(), z.string()),
  databases: z.array(database),
  tablespaces: names,
  roles: z.array(role),
  sessions: z.array(session),
  hba: z.array(hbaRule),
  slots: z.array(z.object({ name: z.string(), active: z.boolean(), kind: z.string() })),
  senders: z.coerce.number(),
  /** Setting → file, of those from a file outside of the data directory. */
  outside: z.record(z.string(), z.string()),
});

/** Of each database. */
const insideSchema = z.object({ extensions: names, libraries: names, unlogged: names });

export type SourceFacts = z.infer<typeof sourceSchema> & z.infer<typeof insideSchema>;

const SETTINGS = [
  'wal_level',
  'max_wal_senders',
  'max_replication_slots',
  'max_slot_wal_keep_size',
  'max_connections',
  'max_worker_processes',
  'max_prepared_transactions',
  'max_locks_per_transaction',
  'data_checksums',
  'shared_buffers',
  'shared_preload_libraries',
  'block_size',
  'wal_segment_size',
  'fsync',
  'full_page_writes',
];

const IDENTITY = `extract(epoch FROM pg_postmaster_start_time())::text AS "startedAt",
    (SELECT system_identifier::text FROM pg_control_system()) AS "systemId"`;

const FIRST = `
  SELECT pg_is_in_recovery() AS "inRecovery", current_user AS "user",
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS "isSuper",
    current_setting('server_version_num') AS version, current_setting('server_version') AS "versionText",
    (SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only') AS "readOnly",
    ${IDENTITY}`;

const list = (columns: string, from: string): string =>
  `(SELECT coalesce(json_agg(q), '[]'::json) FROM (SELECT ${columns} FROM ${from}) q)`;

const REST = `
  SELECT (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name IN (${SETTINGS.map((s) => `'${s}'`).join(', ')})) AS settings,
    ${list(
      `datname AS name, pg_database_size(oid) AS bytes, datlocprovider AS provider, datcollate AS collate, datcollversion AS version`,
      'pg_database WHERE datallowconn',
    )} AS databases,
    (SELECT coalesce(json_agg(spcname), '[]'::json) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')) AS tablespaces,
    ${list(
      `rolname AS name, rolcanlogin AS login, rolsuper AS super, rolreplication AS replication,
       CASE WHEN rolpassword IS NULL THEN 'none' WHEN rolpassword LIKE 'md5%' THEN 'md5' ELSE 'scram' END AS password,
       shobj_description(oid, 'pg_authid') AS comment`,
      `pg_authid WHERE rolname NOT LIKE 'pg\\_%'`,
    )} AS roles,
    ${list(
      `usename AS user, host(client_addr) AS address, count(*) AS sessions`,
      `pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND usename IS NOT NULL
       AND application_name <> 'dr' GROUP BY 1, 2`,
    )} AS sessions,
    ${list(
      `type, database AS databases, user_name AS users, address, netmask, auth_method AS method, line_number AS line`,
      `pg_hba_file_rules WHERE error IS NULL ORDER BY line_number`,
    )} AS hba,
    ${list('slot_name AS name, active, slot_type AS kind', 'pg_replication_slots')} AS slots,
    (SELECT count(*) FROM pg_stat_replication) AS senders,
    (SELECT coalesce(json_object_agg(name, sourcefile), '{}'::json) FROM pg_settings
      WHERE sourcefile IS NOT NULL AND NOT starts_with(sourcefile, current_setting('data_directory') || '/')) AS outside`;

const INSIDE = `
  SELECT (SELECT coalesce(json_agg(extname), '[]'::json) FROM pg_extension) AS extensions,
    (SELECT coalesce(json_agg(DISTINCT probin), '[]'::json) FROM pg_proc WHERE probin IS NOT NULL) AS libraries,
    (SELECT coalesce(json_agg(oid::regclass::text), '[]'::json) FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r') AS unlogged`;

const firstSchema = sourceSchema.pick({
  inRecovery: true,
  user: true,
  version: true,
  versionText: true,
  systemId: true,
  startedAt: true,
  readOnly: true,
});
export type FirstFacts = z.infer<typeof firstSchema> & { readonly isSuper: boolean };

/** What any role may ask. */
export async function firstFacts(server: SourceServer): Promise<FirstFacts> {
  await using session = await server.open();
  const [row = {}] = await session.query(FIRST);
  return { ...firstSchema.parse(row), isSuper: row.isSuper === true };
}

/** What only a superuser may. */
export async function sourceFacts(server: SourceServer): Promise<SourceFacts> {
  const session = await server.open();
  let facts: z.infer<typeof sourceSchema>;
  try {
    const [first = {}] = await session.query(FIRST);
    const [rest = {}] = await session.query(REST);
    facts = sourceSchema.parse({ ...first, ...rest });
  } finally {
    await session[Symbol.asyncDispose]();
  }
  const inside = { extensions: new Set<string>(), libraries: new Set<string>(), unlogged: [] as string[] };
  for (const { name } of facts.databases) {
    await using one = await server.open(name);
    const [row = {}] = await one.query(INSIDE);
    const found = insideSchema.parse(row);
    for (const extension of found.extensions) inside.extensions.add(extension);
    for (const library of found.libraries) inside.libraries.add(library);
    inside.unlogged.push(...found.unlogged.map((table) => `${name}.${table}`));
  }
  const { extensions, libraries, unlogged } = inside;
  return { ...facts, extensions: [...extensions].sort(), libraries: [...libraries].sort(), unlogged };
}

const managedSchema = z.object({
  version: z.coerce.number(),
  versionText: z.string(),
  systemId: z.string(),
  startedAt: z.string(),
  extensions: names,
  /** Files of its library folder, without `.so`. */
  libraries: names,
  /** Locale of the C library → its version there. */
  locales: z.record(z.string(), z.string().nullable()),
});
export type ManagedFacts = z.infer<typeof managedSchema> & {
  /** Tables with rows that are neither the system's nor `dr`'s own, as `database.schema.table`. */
  readonly tables: readonly string[];
};

const MANAGED = `
  SELECT current_setting('server_version_num') AS version, current_setting('server_version') AS "versionText",
    ${IDENTITY},
    (SELECT json_agg(name) FROM pg_available_extensions) AS extensions,
    (SELECT json_agg(replace(file, '.so', '')) FROM pg_ls_dir((SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR')) AS file
      WHERE file LIKE '%.so') AS libraries,
    (SELECT json_object_agg(collcollate, pg_collation_actual_version(oid)) FROM pg_collation
      WHERE collprovider = 'c' AND collcollate <> '') AS locales`;

const DATABASES = `SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate`;

const TABLES = `
  SELECT nspname || '.' || relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'dr')`;

export async function managedFacts(server: ManagedServer): Promise<ManagedFacts> {
  const [row = {}] = await server.query(MANAGED);
  const facts = managedSchema.parse(row);
  const databases = (await server.query(DATABASES)).map(nameOf);
  const tables: string[] = [];
  for (const database of databases) {
    const found = (await server.query(TABLES, database)).map(nameOf);
    tables.push(...found.map((table) => `${database}.${table}`));
  }
  return { ...facts, tables };
}

const nameOf = ({ name }: Row): string => String(name);
