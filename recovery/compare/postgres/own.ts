/**
 * What `dr` itself leaves in a server: its settings of archiving and recovery, and its tables of the schema `dr`. A restore between two
 * points changes them, and they are not what anybody looks for. Only what is exactly as `dr` writes it counts: a trigger on its table, a
 * further column or another program in `archive_command` is listed. Pure.
 */
import { join } from 'node:path';
import { plural } from '../../report/format.ts';
import type { IsOwn } from '../settings.ts';
import type { DumpObject } from './entries.ts';

/** `'it''s'` of a file as the server has it. */
function unquoted(value: string): string {
  const quoted = /^'(.*)'$/.exec(value)?.[1];
  return quoted === undefined ? value : quoted.replaceAll("''", "'");
}

interface Written {
  readonly stateDir: string;
  /** The plan's, in seconds. */
  readonly archiveTimeout: number | undefined;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** By setting: whether a value is one that `dr` writes. */
function ownValues({ stateDir, archiveTimeout }: Written): Readonly<Record<string, (value: string) => boolean>> {
  const folders = escaped(join(stateDir, 'pgbackrest'));
  const restores = escaped(join(stateDir, 'restore'));
  const push = new RegExp(`^${folders}/[\\w.-]+/archive-push\\.sh %p$`);
  const get = new RegExp(`^${restores}/restore-\\w+/pgbackrest-[\\w-]+/archive-get\\.sh %f "%p"$`);
  return {
    archive_mode: (value) => ['on', 'off'].includes(value),
    archive_command: (value) => push.test(value),
    archive_timeout: (value) => [`${archiveTimeout}`, `${archiveTimeout}s`].includes(value),
    wal_level: (value) => value === 'replica',
    restore_command: (value) => get.test(value),
    recovery_target_action: (value) => value === 'promote',
    recovery_target_inclusive: (value) => ['on', 'off', 'true', 'false'].includes(value),
    recovery_target_timeline: (value) => /^(\d+|latest)$/.test(value),
    recovery_target: (value) => value === 'immediate',
    recovery_target_time: (value) => !Number.isNaN(Date.parse(value.replace(/\+00$/, 'Z'))),
    recovery_target_xid: (value) => /^\d+$/.test(value),
    recovery_target_lsn: (value) => /^[0-9A-F]+\/[0-9A-F]+$/i.test(value),
    recovery_target_name: (value) => value !== '',
  };
}

/** What shipping needs: that it is gone is news, whoever did it. */
const NEEDED = /^(?:archive_|wal_level)/;

export function ownSettings(written: Written): IsOwn {
  const values = ownValues(written);
  return (name, old, now) => {
    const isOwn = values[name];
    if (isOwn === undefined) return false;
    // A file may hold a setting several times: the last one counts.
    const parts = (value: string): string[] => value.split('; ').map(unquoted);
    if (NEEDED.test(name) && now === undefined) return false;
    if (name === 'archive_mode' && now !== undefined && parts(now).at(-1) !== 'on') return false;
    return [old, now].every((value) => value === undefined || value === '' || parts(value).every(isOwn));
  };
}

const TABLES = [
  'CREATE SCHEMA dr;',
  'CREATE TABLE dr.canary ( id bigint NOT NULL, planted timestamp with time zone DEFAULT now() NOT NULL, run text NOT NULL, content text NOT NULL, digest text NOT NULL );',
  'ALTER TABLE dr.canary ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY ( SEQUENCE NAME dr.canary_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1 );',
  'ALTER TABLE ONLY dr.canary ADD CONSTRAINT canary_pkey PRIMARY KEY (id);',
  "COMMENT ON TABLE dr.canary IS 'Written by each backup, compared after each restore. Do not edit.';",
  "CREATE TABLE dr.heartbeat ( one boolean DEFAULT true NOT NULL, beat timestamp with time zone NOT NULL, timeline text, inherited timestamp with time zone, CONSTRAINT heartbeat_one_check CHECK (one) ) WITH (fillfactor='10');",
  'ALTER TABLE ONLY dr.heartbeat ADD CONSTRAINT heartbeat_pkey PRIMARY KEY (one);',
  "COMMENT ON TABLE dr.heartbeat IS 'Updated every minute, so that every moment can be recovered to. Do not edit.';",
];
const OWNER = /\s*ALTER (?:SCHEMA|TABLE|SEQUENCE) dr[\w.]* OWNER TO [^;]*;/g;

export function isOwnObject({ text }: DumpObject): boolean {
  return TABLES.includes(text.replaceAll(OWNER, '').replaceAll(/\s+/g, ' ').trim());
}

export function ownNote(count: number, what: string): string[] {
  return count === 0 ? [] : [`left out: ${plural(count, what)} that \`dr\` writes itself`];
}
