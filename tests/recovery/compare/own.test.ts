/** What `dr` leaves in a server itself is no change that anybody looks for; what only looks like it is listed. */
import { expect, test } from 'vitest';
import { isOwnObject, ownSettings } from '../../../recovery/compare/postgres/own.ts';

const isOwn = ownSettings({ stateDir: '/var/lib/dr', archiveTimeout: 60 });
const PUSH = '/var/lib/dr/pgbackrest/a-1/archive-push.sh %p';
const GET = '/var/lib/dr/restore/restore-20261201T134705722Z/pgbackrest-local/archive-get.sh %f "%p"';

test.each<[string, string, string | undefined, string | undefined, boolean]>([
  ['archiving was turned on', 'archive_mode', undefined, 'on', true],
  ['off, then on: the last line of a file counts', 'archive_mode', undefined, "'off'; 'on'", true],
  ['archiving was turned off', 'archive_mode', 'on', 'off', false],
  ['archiving is off at the end of the file', 'archive_mode', 'on', "'on'; 'off'", false],
  ['archiving is not set any more', 'archive_mode', 'on', undefined, false],
  ['the script of the next lineage', 'archive_command', PUSH, PUSH.replace('a-1', 'a-2'), true],
  ['the script is gone', 'archive_command', PUSH, undefined, false],
  ['another program', 'archive_command', PUSH, '/tmp/evil.sh %p', false],
  ['a program behind the script', 'archive_command', PUSH, `${PUSH}; curl evil`, false],
  ['a path that leads out', 'archive_command', PUSH, '/var/lib/dr/pgbackrest/../../../tmp/archive-push.sh %p', false],
  ['what a restore read with', 'restore_command', undefined, `'${GET}'`, true],
  ['another program to read with', 'restore_command', undefined, "'curl evil'", false],
  ['the target of a restore', 'recovery_target_time', undefined, "'2026-12-01 13:46:44.537+00'", true],
  ['the plan’s limit, with the server’s unit', 'archive_timeout', '60', '60s', true],
  ['a longer one', 'archive_timeout', '60s', '3600s', false],
  ['a setting of somebody else', 'session_preload_libraries', '', 'evil', false],
])('%s', (_, name, old, now, own) => {
  expect(isOwn(name, old, now)).toBe(own);
});

const TABLE = `CREATE TABLE dr.canary (
    id bigint NOT NULL,
    planted timestamp with time zone DEFAULT now() NOT NULL,
    run text NOT NULL,
    content text NOT NULL,
    digest text NOT NULL
);


ALTER TABLE dr.canary OWNER TO postgres;`;

test.each([
  ['the table of the canary rows', TABLE, true],
  ['with a default that runs something', TABLE.replace('now()', 'public.evil()'), false],
  ['with a further column', TABLE.replace('digest', 'more text,\n    digest'), false],
  ['a trigger on it', 'CREATE TRIGGER t AFTER INSERT ON dr.canary EXECUTE FUNCTION public.evil();', false],
  ['a function in its schema', 'CREATE FUNCTION dr.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;', false],
])('%s', (_, text, own) => {
  expect(isOwnObject({ type: 'TABLE', name: 'dr.canary', owner: 'postgres', text })).toBe(own);
});
