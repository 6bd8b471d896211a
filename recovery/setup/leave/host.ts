/** What leaving takes away from a host. Asks and reads; changes nothing. */
import { dirname, join } from 'node:path';
import { readLineage } from '../../config/lineage.ts';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { shellWord } from '../../core/quote.ts';
import { locationOf } from '../../storage/backends.ts';
import type { Unanswered } from '../found.ts';
import { ask } from '../found.ts';
import { type LeftInPostgres, leftInPostgres } from './archive.ts';
import { type Leaving, type Step, type Thing, WITHOUT } from './leaving.ts';
import { findSchedule, type Scheduled, stopCommands } from './schedule.ts';

const isIn = (inner: string, outer: string): boolean => `${inner}/`.startsWith(`${outer}/`);

/** Files of secrets that the environment names, and folders of copies: what no step may delete. */
function mustStay({ environment }: Site): string[] {
  const repositories = Object.values(environment.repositories);
  const passphrases = [...environment.signingKeys, ...repositories.flatMap(({ passphrases: all }) => all)];
  return [
    ...repositories.flatMap((each) => (each.type === 'posix' ? [each.path] : [])),
    ...passphrases.flatMap(({ from }) => ('file' in from ? [from.file] : [])),
  ];
}

function stayingThings(site: Site): Thing[] {
  const { environment, file } = site;
  const copies = Object.entries(environment.repositories).map(([id, settings]): Thing => {
    const [passphrase] = settings.passphrases;
    const key =
      passphrase === undefined ? '' : 'file' in passphrase.from ? passphrase.from.file : `$${passphrase.from.env}`;
    return { what: `copies in ${id}`, where: locationOf(settings), why: `opened by the passphrase in ${key}` };
  });
  return [
    ...copies,
    {
      what: 'keys',
      where: mustStay(site)
        .filter((path) => !copies.some(({ where }) => where.endsWith(path)))
        .join(', '),
      why: 'without them nobody opens the copies',
    },
    { what: 'environment file', where: file, why: 'says where the copies are; it holds no secret' },
  ];
}

function archiveStep({ settings, commandIn, modeIn }: LeftInPostgres, site: Site): Step[] {
  if (settings.length === 0 && commandIn === undefined) return [];
  const { postgres } = site.environment;
  const psql = `runuser -u ${site.environment.runAs ?? 'postgres'} -- psql -h ${shellWord(postgres?.socketDir ?? '')} -p ${postgres?.port ?? 5432} -U ${postgres?.user ?? 'postgres'} -d postgres`;
  const reset = settings.map(({ name }) => `${psql} -c 'ALTER SYSTEM RESET ${name}'`);
  const restart = settings.some(({ needsRestart }) => needsRestart);
  const control = postgres?.control;
  const by = control === undefined ? 'restart PostgreSQL' : `${control.stop.join(' ')} && ${control.start.join(' ')}`;
  return [
    {
      commands: [
        ...(commandIn === undefined ? [] : [`# remove archive_command from ${commandIn}`]),
        ...reset,
        `${psql} -c 'SELECT pg_reload_conf()'`,
        ...(modeIn === undefined
          ? []
          : [`# archive_mode is on in ${modeIn}: set it off there, or name another archive_command`]),
        ...(restart || modeIn !== undefined
          ? [`# at once, because without archive_command the server keeps all WAL until then: ${by}`]
          : []),
      ],
      why: 'the server stops shipping WAL. Before the state folder: an archive_command without its script keeps all WAL until the disk is full',
    },
  ];
}

function postgresThings({ settings, commandIn, schema, rules }: LeftInPostgres, site: Site): Thing[] {
  const { postgres } = site.environment;
  const where = postgres?.dataDir ?? '';
  return [
    ...settings.map(({ name, value }) => ({
      what: `setting ${name} = ${value}`,
      where,
      why: 'made by ALTER SYSTEM, as `dr init` does',
    })),
    ...(commandIn === undefined
      ? []
      : [{ what: 'setting archive_command', where: commandIn, why: 'calls a script of the state folder' }]),
    ...(schema
      ? [{ what: 'schema dr', where: `database ${postgres?.database ?? ''}`, why: 'heartbeats and marks of checks' }]
      : []),
    ...rules.map((rule) => ({ what: 'rule with map=recovery', where: rule, why: 'lets root in as the superuser' })),
  ];
}

function postgresSteps(left: LeftInPostgres, site: Site): Step[] {
  const { postgres, runAs = 'postgres' } = site.environment;
  const { schema, rules } = left;
  const psql = `runuser -u ${runAs} -- psql -h ${shellWord(postgres?.socketDir ?? '')} -p ${postgres?.port ?? 5432} -U ${postgres?.user ?? 'postgres'} -d ${shellWord(postgres?.database ?? '')}`;
  return [
    ...archiveStep(left, site),
    ...(schema ? [{ commands: [`${psql} -c 'DROP SCHEMA dr CASCADE'`], why: 'nothing but `dr` reads it' }] : []),
    ...(rules.length === 0
      ? []
      : [
          {
            commands: rules.map(
              (rule) => `# remove the line ${rule}, and the map "recovery" from pg_ident.conf; reload`,
            ),
            why: 'root is no superuser of the database any more',
          },
        ]),
  ];
}

function scheduleThings(found: readonly Scheduled[]): Thing[] {
  return found.map(({ file, kind, lines }) => ({
    what: kind === 'cron' ? `schedule, ${lines.length} lines` : 'schedule, a unit of systemd',
    where: file,
    why: 'runs dr',
  }));
}

/** Nothing that must stay lies in it. */
function stateStep(site: Site): Step {
  const { stateDir } = site.environment;
  const inside = mustStay(site).filter((path) => isIn(path, stateDir));
  if (inside.length === 0)
    return { commands: [`rm -r ${shellWord(stateDir)}`], why: 'journals, locks, scripts: no copy lies there' };
  return {
    commands: [`# do not remove ${stateDir}: ${inside.join(', ')} lies in it`],
    why: 'copies and keys stay; move them first',
  };
}

function readingOf(site: Site, lineage: string | undefined): string[] {
  return Object.entries(site.environment.repositories).map(([id, settings]) => {
    const [passphrase] = settings.passphrases;
    const key = passphrase !== undefined && 'file' in passphrase.from ? passphrase.from.file : '…';
    const place = settings.type === 'posix' ? settings.path : locationOf(settings);
    const of = lineage === undefined ? '' : ` LINEAGE=${lineage}`;
    return `${id}: REPOSITORY=${shellWord(place)} ENVIRONMENT=${site.environment.name}${of} PASSPHRASE_FILE=${shellWord(key)}`;
  });
}

/** Where docs/host.md puts `dr` on the PATH. */
const WRAPPER = '/usr/local/bin/dr';

/** @param root for the search of the schedule. @default the root of this host */
export async function leaveHost(site: Site, program: string, root?: string): Promise<Leaving> {
  const { environment, file } = site;
  const [schedule, left, lineage] = await Promise.all([
    findSchedule(root),
    leftInPostgres(site),
    ask('lineage', () => readLineage(site)),
  ]);
  const found = schedule.value ?? [];
  const asked = left?.value;
  const unanswered: Unanswered[] = [schedule, left, lineage].flatMap((each) => each?.unanswered ?? []);
  const stop = stopCommands(found);
  const wrapper = (await isThere(WRAPPER)) ? [WRAPPER] : [];
  const hasState = await isThere(environment.stateDir);
  return {
    from: `host ${environment.site} (${file})`,
    goes: [
      ...scheduleThings(found),
      ...(asked === undefined ? [] : postgresThings(asked, site)),
      ...(hasState
        ? [{ what: 'state folder', where: environment.stateDir, why: 'journals, locks, scripts of archive_command' }]
        : []),
      { what: 'program', where: [...wrapper, program].join(', '), why: '`dr` itself' },
    ],
    stays: stayingThings(site),
    steps: [
      {
        commands: [`dr keys escrow --recipient age1… --env ${shellWord(file)}`],
        why: 'the keys, apart from this host: without them the copies are noise',
      },
      ...(stop.length === 0 ? [] : [{ commands: stop, why: 'no new copies are made' }]),
      ...(asked === undefined ? [] : postgresSteps(asked, site)),
      ...(hasState ? [stateStep(site)] : []),
      {
        commands: [
          ...wrapper.map((path) => `rm ${path}`),
          `# keep ${dirname(file)} and a copy of ${join(program, WITHOUT)}; remove ${program} last`,
        ],
        why: 'the program',
      },
    ],
    reading: readingOf(site, lineage.value?.name),
    unanswered,
  };
}
