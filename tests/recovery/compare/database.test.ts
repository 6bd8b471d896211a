/** What `dr points diff` makes of two dumps: by object, with the secrets kept back. */
import { expect, test } from 'vitest';
import { compareJobs, readJobs } from '../../../recovery/compare/postgres/cron.ts';
import { readEntries } from '../../../recovery/compare/postgres/entries.ts';
import { compareObjects } from '../../../recovery/compare/postgres/objects.ts';
import { compareRoles } from '../../../recovery/compare/postgres/roles.ts';

const ATTRIBUTES = 'NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS';
const globals = (...lines: readonly string[]): string =>
  ['--', '-- Roles', '--', '', '\\restrict abc', "SET client_encoding = 'UTF8';", ...lines, ''].join('\n');
const role = (name: string, hash: string, attributes = ATTRIBUTES): string =>
  `CREATE ROLE ${name};\nALTER ROLE ${name} WITH ${attributes} PASSWORD 'SCRAM-SHA-256$4096:${hash}' VALID UNTIL '2027-01-01 00:00:00+00';`;

test('roles: new ones, more rights, memberships, settings, and that a password changed without its hash', () => {
  const before = globals(role('app', 'one'), role('"Odd ""x"""', 'two'), role('gone', 'g'), 'GRANT grp TO app;');
  const after = globals(
    role('app', 'other', `${ATTRIBUTES} CREATEDB`),
    role('"Odd ""x"""', 'two'),
    role('eve', 'three', ATTRIBUTES.replace('NOSUPERUSER', 'SUPERUSER')),
    "ALTER ROLE app SET search_path TO 'evil', 'a;\nb';",
    "ALTER ROLE app IN DATABASE shop SET my.api_key TO 'hunter2';",
    'GRANT pg_read_server_files TO app WITH ADMIN OPTION GRANTED BY postgres;',
  );
  const { changes, notes } = compareRoles('dump', before, after);
  expect(notes).toEqual([]);
  expect(changes.map(({ kind, what, name, rank }) => [kind, what, name, rank])).toEqual([
    ['added', 'superuser', 'eve', 'foothold'],
    ['changed', 'role', 'app', 'foothold'],
    ['removed', 'role', 'gone', 'access'],
  ]);
  expect(changes[1]?.facts).toEqual([
    '+ CREATEDB',
    '+ member of pg_read_server_files WITH ADMIN OPTION GRANTED BY postgres',
    '- member of grp',
    'password changed',
    "+ setting search_path 'evil', 'a; b'",
    '+ setting (hidden: it may hold a secret)',
  ]);
  expect(JSON.stringify(changes)).not.toMatch(/SCRAM|hunter2/);
});

test('dumps without hashes: it is said that a changed password would not be seen', () => {
  const without = globals(`CREATE ROLE app;\nALTER ROLE app WITH ${ATTRIBUTES};`);
  expect(compareRoles('dump', without, globals(role('app', 'x'))).notes).toEqual([
    'one of the dumps holds no hashes: whether a password changed is not known',
  ]);
});

interface Fake {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
  readonly owner?: string;
}

function dumpOf(fakes: readonly Fake[]) {
  const list = fakes.map(({ type, name, owner = 'app' }, n) => `${n}; 0 0 ${type} public ${name} ${owner}`).join('\n');
  const sql = fakes.map(
    ({ type, name, sql: text, owner = 'app' }) =>
      `--\n-- Name: ${name}; Type: ${type}; Schema: public; Owner: ${owner}\n--\n\n${text}\n\n\nSET default_tablespace = '';\n`,
  );
  return readEntries(list, `\\restrict ${Math.random()}\n${sql.join('\n')}\n--\n-- complete\n--\n\n\\unrestrict x\n`);
}

const routine = (name: string, body: string, definer = ''): Fake => ({
  type: 'FUNCTION',
  name: `${name}()`,
  sql: `CREATE FUNCTION public.${name}() RETURNS trigger\n    LANGUAGE plpgsql${definer}\n    AS $$${body}$$;\n\nALTER FUNCTION public.${name}() OWNER TO app;`,
});
const table: Fake = { type: 'TABLE', name: 'orders', sql: 'CREATE TABLE public.orders (\n    id int\n);' };

test('objects: a function that became SECURITY DEFINER, a trigger, a grant, a column; never a body', () => {
  const before = dumpOf([routine('f', 'a'), routine('same', 'x'), table]);
  const after = dumpOf([
    routine('f', "PERFORM dblink('password=hunter2')", ' SECURITY DEFINER'),
    routine('same', 'x'),
    { ...table, sql: 'CREATE TABLE public.orders (\n    id int,\n    note text\n);' },
    { type: 'TRIGGER', name: 'orders t', sql: 'CREATE TRIGGER t BEFORE INSERT ON public.orders EXECUTE FUNCTION f();' },
    { type: 'ACL', name: 'TABLE orders', sql: 'GRANT ALL ON TABLE public.orders TO PUBLIC;' },
    {
      type: 'SUBSCRIPTION',
      name: 's',
      sql: "CREATE SUBSCRIPTION s CONNECTION 'host=x password=hunter2' PUBLICATION p;",
    },
  ]);
  const changes = compareObjects(before, after);
  expect(changes.map(({ kind, what, name, rank }) => `${kind} ${what} ${name} ${rank}`).sort()).toEqual([
    'added grants on public.TABLE orders access',
    'added subscription public.s foothold',
    'added trigger public.orders t foothold',
    'changed function public.f() foothold',
    'changed table public.orders other',
  ]);
  expect(changes.find(({ what }) => what === 'function')?.facts).toEqual([
    'SECURITY DEFINER: it runs as app',
    'it was not SECURITY DEFINER',
    'its definition changed',
  ]);
  expect(changes.find(({ what }) => what === 'table')?.facts).toEqual(['+ id int,', '+ note text', '- id int']);
  expect(JSON.stringify(changes)).not.toContain('hunter2');
  expect(compareObjects(before, dumpOf([routine('f', 'a'), routine('same', 'x'), table]))).toEqual([]);
});

test('a body that reads like the header of an object hides nothing', () => {
  const fake = '\n--\n-- Name: nothing; Type: TABLE; Schema: public; Owner: app\n--\n\n';
  const objects = dumpOf([routine('f', fake), table]);
  expect(objects.map(({ name }) => name)).toEqual(['public.f()', 'public.orders']);
  expect(objects[0]?.text).toContain('nothing');
  // One that imitates a later object changes where the text counts, and both still differ.
  const imitates = dumpOf([routine('f', fake.replace('nothing', 'orders')), table]);
  expect(compareObjects(dumpOf([routine('f', ''), table]), imitates).length).toBeGreaterThan(0);
});

test('a dump whose list and SQL do not fit is refused', () => {
  expect(() => readEntries('1; 0 0 TABLE public a app', 'CREATE TABLE a ();')).toThrow(
    /DUMP-UNREADABLE|found in its SQL/,
  );
  expect(() => readEntries('', '')).toThrow(/0 objects/);
});

test('jobs of pg_cron: new, changed, gone; a command with a secret is hidden', () => {
  const rows = (...lines: readonly string[]) =>
    readJobs(
      ['COPY cron.job (jobid, schedule, command, username, active, jobname) FROM stdin;', ...lines, '\\.', ''].join(
        '\n',
      ),
    ) ?? [];
  const before = rows('1\t0 * * * *\tVACUUM\tapp\tt\tclean', '2\t0 1 * * *\tSELECT 1\tapp\tt\t\\N');
  const after = rows(
    '1\t* * * * *\tVACUUM\tapp\tt\tclean',
    "3\t@reboot\tCOPY x TO PROGRAM\\n 'curl -H token=abc'\troot\tf\t\\N",
  );
  expect(compareJobs(before, after)).toEqual([
    { kind: 'removed', what: 'cron job', name: '2', rank: 'access', facts: [] },
    {
      kind: 'added',
      what: 'cron job',
      name: '3',
      rank: 'foothold',
      facts: ['@reboot as root, not active', '(hidden: it may hold a secret)'],
    },
    {
      kind: 'changed',
      what: 'cron job',
      name: 'clean (job 1)',
      rank: 'foothold',
      facts: ['* * * * * as app', 'VACUUM'],
    },
  ]);
  expect(readJobs('SET x = 1;')).toBeUndefined();
});
