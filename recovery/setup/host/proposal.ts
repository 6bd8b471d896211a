/** Pure: the environment file for what runs on a host. What has no answer becomes a remark there, and no value. */
import type { Plan } from '../../../plan/types.ts';
import { dataOf, type Part, remark, section, value } from '../document.ts';
import type { Unanswered } from '../found.ts';
import { foldersPart } from './folders-part.ts';
import { gitPart } from './git-part.ts';
import type { HostChoices, HostFacts } from './look.ts';
import { postgresPart } from './postgres-part.ts';
import type { ProposedPart } from './proposed-part.ts';
import { redisPart } from './redis-part.ts';

export interface HostSettings {
  /** First part of every object key, and the word for --confirm. */
  readonly name: string;
  readonly site: string;
  readonly stateDir: string;
  /** Folder of the local repository. */
  readonly local: string;
  /** Folder of the keys. */
  readonly keys: string;
  /** `dr` runs as root, and PostgreSQL refuses root. */
  readonly isRoot: boolean;
}

export interface HostProposal {
  readonly parts: readonly Part[];
  /** The file's content, not yet checked against its schema. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly unanswered: readonly Unanswered[];
  readonly notes: readonly string[];
  /** Account of PostgreSQL, which reads the passphrases; undefined where there is none. */
  readonly runAs: string | undefined;
  /** Names of the key files below `keys`. */
  readonly keyFiles: readonly string[];
}

function servicesPart(facts: HostFacts, plan: Plan): Part {
  const ids = plan.tiers.flatMap(({ services }) => services.map(({ id }) => id));
  const running = ids.filter((id) => facts.units.some(({ name }) => name === `${id}.service`));
  const parts = running.map((id) =>
    section(id, `${id}.service runs; add health: [command, that, exits, 0] where it answers`, [
      value('start', ['systemctl', 'start', id], 'its unit'),
      value('stop', ['systemctl', 'stop', id], 'its unit'),
    ]),
  );
  if (parts.length === 0)
    return remark('services: no unit of systemd has the name of a service of the plan; a restore then starts none');
  return section('services', 'What a restore stops before it replaces data, and starts again, tier by tier', parts);
}

function repositoriesPart({ local, keys }: HostSettings, plan: Plan): Part {
  const others = plan.repositories.filter(({ id }) => id !== 'local').map(({ id }) => id);
  return section('repositories', 'Where the copies go', [
    section('local', 'on this host: lost together with it', [
      value('type', 'posix', 'a folder'),
      value('path', local, '`dr init` makes it'),
      value('passphrases', [{ name: 'local-1', from: { file: `${keys}/local` } }], 'made by `dr setup`'),
    ]),
    remark(
      `${others.join(', ')}: nothing on this host says where they are. dr.example.yaml shows how to add them;`,
      'without one of them no copy survives the loss of this host',
    ),
  ]);
}

export function proposeHost(facts: HostFacts, choices: HostChoices, settings: HostSettings, plan: Plan): HostProposal {
  const postgres = postgresPart(facts, choices);
  const redis = redisPart(facts, choices);
  const stores = [postgres.dataDir, redis.dataDir].filter((path) => path !== undefined);
  const [folders, git] = [foldersPart(facts, choices, plan, stores), gitPart(facts)];
  const made: readonly ProposedPart[] = [postgres, redis, ...folders, git];
  const runAs = settings.isRoot ? postgres.account : undefined;
  const folderParts = folders.map(({ part }) => part);
  const parts: Part[] = [
    value('apiVersion', 'go-coffee-dr/v1', 'format of this file'),
    value('kind', 'Environment', 'what it is'),
    value('name', settings.name, 'prefix in every repository, and the word that --confirm expects'),
    value('site', settings.site, 'name of this host’s site; each host has its own'),
    value('stateDir', settings.stateDir, 'journals, locks, archive scripts; `dr init` makes it'),
    ...(runAs === undefined ? [] : [value('runAs', runAs, 'account of PostgreSQL')]),
    value(
      'signingKeys',
      [{ name: 'points-1', from: { file: `${settings.keys}/signing` } }],
      'made by `dr setup`; signs points',
    ),
    postgres.part,
    redis.part,
    section('folders', 'By workload of the plan (`dr plan show`)', folderParts),
    git.part,
    servicesPart(facts, plan),
    repositoriesPart(settings, plan),
  ];
  return {
    parts,
    data: dataOf(parts),
    unanswered: [...facts.unanswered, ...made.flatMap(({ unanswered }) => unanswered ?? [])],
    notes: made.flatMap(({ notes }) => notes ?? []),
    runAs,
    keyFiles: ['signing', 'local'],
  };
}
