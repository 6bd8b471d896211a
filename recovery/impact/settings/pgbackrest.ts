/** pgBackRest's configuration: where WAL and sets go, how they are encrypted, and what may be dropped (its "Configuration Reference"). Pure. */
import { type Fact, NEVER_SHOWN } from '../fact.ts';
import {
  factOf,
  type Meaning,
  type Meanings,
  more,
  quantityOf,
  ranked,
  read,
  settingFacts,
  wantedOff,
  wantedOn,
} from './meaning.ts';

const about = (area: Fact['area'], harm: string, absent?: unknown) =>
  ({ area, store: 'postgres', harm, absent }) as const;
const kept = (harm: string): Meaning => more(about('retention', harm, Number.POSITIVE_INFINITY));
const EXPIRES = 'pgBackRest removes sets and WAL before the plan’s retention ends';

/** By the name of the option without its repository's number. */
const PGBACKREST_SETTINGS: Meanings = {
  'archive-push-queue-max': {
    ...about('archiving', 'pgBackRest drops WAL while a repository is away, and no moment after it can be reached'),
    absent: 'unlimited',
    judge: (value) => ({
      text: String(value),
      worth: value === 'unlimited' ? Number.POSITIVE_INFINITY : (quantityOf(value) ?? 0),
    }),
  },
  'archive-check': wantedOn(about('archiving', 'a backup counts as complete without its WAL', 'y')),
  'archive-mode-check': wantedOn(about('archiving', 'a backup runs though nothing is archived', 'y')),
  'archive-header-check': wantedOn(about('archiving', 'WAL of another cluster is taken', 'y')),
  'archive-async': ranked(
    ['off', 'on'],
    about('rpo', 'each segment is shipped alone, so the archive falls behind under load', 'n'),
  ),
  'checksum-page': wantedOn(about('durability', 'damaged pages are copied, and nobody notices', 'y')),
  'page-header-check': wantedOn(about('durability', 'damaged pages are copied, and nobody notices', 'y')),
  'expire-auto': wantedOff(
    about('retention', 'each backup expires others, outside of `dr prune` and its safeguards', 'y'),
  ),
  'storage-verify-tls': wantedOn(about('encryption', 'anybody in between can read and replace the copies', 'y')),
};

const REPOSITORY: Meanings = {
  'cipher-type': ranked(
    ['none', 'aes-256-cbc'],
    about('encryption', 'copies of the database are readable for whoever reads the storage', 'none'),
  ),
  'storage-verify-tls': wantedOn(about('encryption', 'anybody in between can read and replace the copies', 'y')),
  'retention-full': kept(EXPIRES),
  'retention-diff': kept(EXPIRES),
  'retention-archive': kept(EXPIRES),
  'retention-history': kept('the record of old sets is removed'),
};

const HARMLESS =
  /^(lock-path|log-\S+|io-timeout|db-timeout|protocol-timeout|tcp-\S+|buffer-size|process-max|compress-\S+|spool-path|archive-timeout|archive-get-queue-max|start-fast|stop-auto|delta|resume|priority|tls-server-(address|port|\S+-file)|pg\d+-(port|user|socket-path)|neutral-umask|sck-\S+)$/;
const REPOSITORY_HARMLESS =
  /^(bundle\S*|block\S*|host-(port|type|config|\S+-file)|storage-(port|ca-\S+|upload-\S+)|s3-(uri-style|key-type|role))$/;

type Sections = Map<string, Record<string, string>>;

export function sectionsOf(text: string): Sections {
  const sections: Sections = new Map();
  let current: Record<string, string> = {};
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [, section] = /^\[(.+)\]$/.exec(line) ?? [];
    if (section !== undefined) {
      current = sections.get(section) ?? {};
      sections.set(section, current);
      continue;
    }
    const [name = '', ...rest] = line.split('=');
    current[name.trim()] = rest.join('=').trim();
  }
  return sections;
}

type Options = Record<string, string>;

function repositoriesOf(options: Options): Map<string, Options> {
  const found = new Map<string, Options>();
  for (const [name, value] of Object.entries(options)) {
    const [, number, option] = /^repo(\d+)-(.+)$/.exec(name) ?? [];
    if (number === undefined || option === undefined) continue;
    found.set(number, { ...found.get(number), [option]: value });
  }
  return found;
}

/** Where its copies are: `s3 go-coffee-backups/production/…`, whatever its number is. */
function placeOf(options: Options): string {
  const path = options.path ?? '';
  if (options['s3-bucket'] !== undefined)
    return `${options.type ?? 's3'} ${options['s3-bucket']} (${options['s3-region'] ?? 'no region'}) ${path}`.trim();
  if (options.host !== undefined) return `${options.host} ${path}`.trim();
  return `${options.type ?? 'posix'} ${path}`.trim();
}

const LOCATION = /^(type|path|s3-bucket|s3-endpoint|s3-region|host)$/;

/** Undefined for text that is not pgBackRest's. Each row names the file, because each lineage has one. */
export function pgbackrestFacts(text: string, of: string): Fact[] | undefined {
  const sections = sectionsOf(text);
  const global = sections.get('global');
  if (global === undefined) return undefined;
  const repositories = repositoriesOf(Object.assign({}, ...sections.values()));
  const label = (name: string) => `pgBackRest ${name} (${of})`;
  const rest = Object.fromEntries([...sections].flatMap(([section, options]) => ownOptions(section, options)));
  return [
    ...settingFacts({
      of,
      values: weakest(sections),
      known: PGBACKREST_SETTINGS,
      harmless: /./,
      area: 'recovery',
      label,
    }),
    ...settingFacts({ of, values: rest, known: {}, harmless: /^never$/, area: 'recovery', label }),
    ...[...repositories.values()].flatMap((options) => repositoryFacts(options, of)),
    repositoryList([...repositories.values()].map(placeOf), of),
  ];
}

/** What no list knows, by section. */
function ownOptions(section: string, options: Options): [string, string][] {
  const unknown = Object.entries(options).filter(
    ([name]) => !/^repo\d+-/.test(name) && !(name in PGBACKREST_SETTINGS) && !HARMLESS.test(name),
  );
  return unknown.map(([name, value]) => [section === 'global' ? name : `[${section}] ${name}`, value]);
}

/** A section of one command overrides `[global]`: the worst value of the file counts. */
function weakest(sections: Sections): Options {
  const values: Options = {};
  for (const options of sections.values()) {
    for (const [name, value] of Object.entries(options)) {
      const judge = PGBACKREST_SETTINGS[name]?.judge;
      if (judge === undefined) continue;
      const known = values[name];
      const isWorse = known === undefined || (judge(value).worth ?? 0) < (judge(known).worth ?? 0);
      if (isWorse) values[name] = value;
    }
  }
  return values;
}

function repositoryFacts(options: Options, of: string): Fact[] {
  const place = placeOf(options);
  const own = `${of}: ${place}`;
  const values = Object.fromEntries(Object.entries(options).filter(([name]) => !LOCATION.test(name)));
  const endpoint = options['s3-endpoint'] ?? options.host ?? '';
  return [
    { area: 'archiving', what: own, value: 'used', of: NEVER_SHOWN },
    factOf(`endpoint of ${place} (${of})`, read({ area: 'regions' }), endpoint, { of: own }),
    ...settingFacts({
      ...{ of: own, values, known: REPOSITORY, harmless: REPOSITORY_HARMLESS, area: 'recovery' },
      label: (name) => `pgBackRest ${name} of ${place} (${of})`,
    }),
  ];
}

function repositoryList(all: readonly string[], of: string): Fact {
  return {
    area: 'archiving',
    what: `repositories of pgBackRest (${of})`,
    value: all.join('; ') || 'none',
    items: { all, more: 'better', fewer: 'worse' },
    of,
    harm: { store: 'postgres', says: 'WAL and sets no longer reach a repository' },
  };
}

/** A variable of a pod sets an option as well: `PGBACKREST_REPO1_CIPHER_TYPE`. */
export function optionOf(variable: string): string | undefined {
  const [, name] = /^PGBACKREST_(.+)$/.exec(variable) ?? [];
  return name
    ?.toLowerCase()
    .replaceAll('_', '-')
    .replace(/^repo\d+-/, '');
}

export const ALL_OPTIONS: Meanings = { ...PGBACKREST_SETTINGS, ...REPOSITORY };
