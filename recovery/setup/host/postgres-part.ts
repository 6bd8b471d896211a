/** Pure: the section `postgres` of the environment file. */
import { dirname } from 'node:path';
import { remark, section, value } from '../document.ts';
import type { Unanswered } from '../found.ts';
import type { HostChoices, HostFacts } from './look.ts';
import type { PostgresAnswers, PostgresServer } from './postgres.ts';
import { openRemark, type ProposedPart } from './proposed-part.ts';

export interface PostgresPart extends ProposedPart {
  readonly dataDir?: string;
  readonly account?: string;
}

/** Databases that every server has. */
const OF_THE_SERVER = ['postgres'];
/** What the environment file takes where it names none. */
const USUAL = 'go_coffee';

type Chosen<T> = { readonly one: T } | { readonly none: true } | { readonly unanswered: Unanswered };

/** One is meant: the one that was named, or the only one. */
function chooseServer(servers: readonly PostgresServer[], choices: HostChoices): Chosen<PostgresServer> {
  const { postgres: dataDir, before } = choices;
  const names = servers.map((server) => server.dataDir || `process ${server.pid}`).join(', ');
  if (dataDir !== undefined) {
    const one = servers.find((server) => server.dataDir === dataDir);
    if (one !== undefined) return { one };
    const why = `no server runs in ${dataDir}`;
    const hint = names === '' ? 'start it' : `start it, or choose one of: ${names}`;
    return { unanswered: { about: 'postgres', why, hint } };
  }
  const same = servers.find((server) => server.dataDir === before?.postgres);
  if (same !== undefined) return { one: same };
  const [one, second] = servers;
  if (one === undefined) return { none: true };
  if (second === undefined) return { one };
  const why = `${servers.length} servers run here (${names}), and one environment has one`;
  return { unanswered: { about: 'postgres', why, hint: `choose one: --postgres ${one.dataDir}` } };
}

function chooseDatabase({ databases }: PostgresAnswers, named: string | undefined): Chosen<string> {
  const names = databases.map(({ name }) => name);
  const said = names.join(', ');
  if (named !== undefined) {
    if (names.includes(named)) return { one: named };
    const hint = `name one that exists: ${said}`;
    return { unanswered: { about: 'postgres.database', why: `the server has no database "${named}"`, hint } };
  }
  if (names.includes(USUAL)) return { one: USUAL };
  const own = names.filter((name) => !OF_THE_SERVER.includes(name));
  const [one, second] = own;
  if (one !== undefined && second === undefined) return { one };
  const why = own.length === 0 ? 'the server has no database of an application' : `it has several databases: ${said}`;
  return {
    unanswered: { about: 'postgres.database', why, hint: `choose the application’s: --database ${one ?? 'NAME'}` },
  };
}

/** Lets root in as the superuser, beside the distribution's rule for the server's own account. */
function loginNote(server: PostgresServer, { hbaFile }: PostgresAnswers): string[] {
  if (server.closed === undefined) return [];
  return [
    `PostgreSQL does not let dr in yet (${server.closed}): add the lines of docs/host.md ("Let dr into PostgreSQL") to ${hbaFile} and its pg_ident.conf, then reload the server`,
  ];
}

function notesOf(server: PostgresServer, answers: PostgresAnswers): string[] {
  const standby = answers.standby ? ['PostgreSQL here is a standby: set dr up on the host of its primary'] : [];
  const archive =
    answers.archiveMode === 'off'
      ? ['archive_mode is off: `dr init --restart` sets it and restarts PostgreSQL once; until then no WAL is shipped']
      : [];
  return [...standby, ...archive, ...loginNote(server, answers)];
}

const nameless = (unit: string): string => unit.replace(/\.service$/, '');

function lines(
  server: PostgresServer,
  answers: PostgresAnswers,
  { database, passwordFile }: { readonly database: string; readonly passwordFile: string | undefined },
): PostgresPart {
  const { unit, logFile, binDir, account } = server;
  const { dataDir, configFile, socketDir, port, version } = answers;
  const size = answers.databases.find(({ name }) => name === database)?.bytes ?? 0;
  const others = answers.databases.filter(({ name }) => name !== database).map(({ name }) => name);
  const beside = others.length === 0 ? '' : `; in the copies too: ${others.join(', ')}`;
  const part = section('postgres', `PostgreSQL ${version}, process ${server.pid}`, [
    value('dataDir', dataDir, 'data_directory'),
    ...(dirname(configFile) === dataDir ? [] : [value('configDir', dirname(configFile), 'folder of its config_file')]),
    value('binDir', binDir, 'where the running server’s programs are'),
    value('socketDir', socketDir, `unix_socket_directories`),
    value('port', port, 'port'),
    value('user', 'postgres', 'the superuser'),
    ...(passwordFile === undefined ? [] : [value('password', { file: passwordFile }, 'named by --postgres-password')]),
    value('database', database, `${Math.ceil(size / 1e6)} MB${beside}`),
    ...(logFile === '' ? [] : [value('logFile', logFile, 'where the server prints to')]),
    unit === undefined
      ? remark('control: no unit of systemd runs it, so `dr` starts and stops it by pg_ctl')
      : section('control', `${unit} of systemd runs it`, [
          value('start', ['systemctl', 'start', nameless(unit)], 'runs as root'),
          value('stop', ['systemctl', 'stop', nameless(unit)], 'runs as root'),
        ]),
  ]);
  return { part, dataDir, account, notes: notesOf(server, answers) };
}

export function postgresPart(facts: Pick<HostFacts, 'postgres'>, choices: HostChoices): PostgresPart {
  const open = (unanswered: Unanswered): PostgresPart => ({
    part: openRemark('postgres', unanswered),
    unanswered: [unanswered],
  });
  const server = chooseServer(facts.postgres, choices);
  if ('none' in server) return { part: remark('postgres: none runs on this host') };
  if ('unanswered' in server) return open(server.unanswered);
  const { asked } = server.one;
  if (asked.unanswered) return open(asked.unanswered);
  const database = chooseDatabase(asked.value, choices.database);
  if (!('one' in database)) {
    return 'unanswered' in database
      ? { ...open(database.unanswered), dataDir: asked.value.dataDir, account: server.one.account }
      : { part: remark('postgres: it has no database') };
  }
  return lines(server.one, asked.value, { database: database.one, passwordFile: choices.postgresPassword });
}
