/** All object keys and names in a repository are made here. Keys have `/` between their parts and no leading `/`. */
import { PlanError } from './errors.ts';

/** pgBackRest's stanza: the name of the platform's PostgreSQL cluster. */
export const STANZA = 'go-coffee';

/**
 * Name of the first signing key and the first passphrases of a stack. Every point records it, so stacks that share a repository must use
 * the same name.
 */
export const FIRST_KEY = 'first';

const PART = /^[A-Za-z0-9][A-Za-z0-9._:@+-]*$/;

/** One part of a key. Without `/`, `..` and line breaks no name can leave its folder. */
function part(value: string, what: string): string {
  if (PART.test(value) && !value.includes('..')) return value;
  throw new PlanError([
    {
      where: what,
      fact: `${JSON.stringify(value)} can't be part of an object key`,
      hint: 'use letters, digits and . _ : @ + - only, beginning with a letter or digit',
    },
  ]);
}

/** Each rebuilt PostgreSQL of a site gets a new generation, so two servers never archive into one folder. */
export function lineageName(site: string, generation: number): string {
  if (!Number.isSafeInteger(generation) || generation < 0)
    throw new RangeError(`generation ${generation} is not a whole number`);
  return `${part(site, 'site')}-${generation}`;
}

/** The inverse of `lineageName`; undefined for a name that it did not make. */
export function parseLineage(name: string): { site: string; generation: number } | undefined {
  const match = /^(.+)-(0|[1-9]\d*)$/.exec(name);
  return match ? { site: match[1] as string, generation: Number(match[2]) } : undefined;
}

export interface Layout {
  readonly catalogPrefix: string;
  readonly checkpointPrefix: string;
  point(id: string): string;
  checkpoint(id: string): string;
  /** All marks of all points. */
  readonly allMarksPrefix: string;
  marksPrefix(pointId: string): string;
  /** `stamp` sorts by time, e.g. `20261123T020000Z`, and makes the key unique. */
  mark(pointId: string, mark: string, stamp: string): string;
  readonly locksPrefix: string;
  lock(name: string): string;
  /** Tells that a lineage no longer leads. It lies beside the locks, where the restorer may write. */
  fence(lineage: string): string;
  /** What this repository remembers of another one. It lies beside the locks too. */
  head(repository: string): string;
  /** All leases of all points. */
  readonly leasesPrefix: string;
  leasesOf(pointId: string): string;
  lease(pointId: string, holder: string): string;
  readonly pgbackrestPrefix: string;
  /** Folder of one lineage; pgBackRest wants it with a `/` in front. */
  pgbackrest(lineage: string): string;
  readonly restic: string;
  readonly evidencePrefix: string;
  evidence(incident: string): string;
  /** A file such as `manifest.json`, beside the data of one collection. */
  evidenceFile(id: string, name: string): string;
  /** The restic repository of one collection: no prune looks there. */
  evidenceData(id: string): string;
  custodyPrefix(id: string): string;
  /** One line of a collection's custody log. */
  custody(id: string, number: number): string;
  readonly incidentsPrefix: string;
  incident(id: string): string;
  /** One signed event of an incident, or of another log that lies beside the incidents. */
  incidentEvent(id: string, event: string): string;
  readonly keysPrefix: string;
  key(name: string): string;
  /** All off-site copies of a repository that is written by an export. */
  readonly copiesPrefix: string;
  copyPrefix(pointId: string): string;
  /** A file such as `README.txt`, beside the engines' data of an off-site copy. */
  copyFile(pointId: string, name: string): string;
  /** The same catalog, with the engines' data of one off-site copy. Two copies share no data. */
  ofCopy(pointId: string): Layout;
}

/** @param copy point whose off-site copy holds the engines' data @default the engines' data is in the repository itself */
export function layout(environment: string, copy?: string): Layout {
  const root = part(environment, 'environment');
  const copyRoot = (pointId: string) => `${root}/copies/${part(pointId, 'point')}`;
  const engines = copy === undefined ? root : copyRoot(copy);
  const catalogPrefix = `${root}/catalog/v1/points/`;
  const checkpointPrefix = `${root}/catalog/v1/checkpoints/`;
  const marksPrefix = (pointId: string) => `${root}/marks/${part(pointId, 'point')}/`;
  const leasesOf = (pointId: string) => `${root}/leases/${part(pointId, 'point')}/`;
  const evidence = (id: string) => `${root}/evidence/${part(id, 'incident')}/`;
  return {
    catalogPrefix,
    checkpointPrefix,
    point: (id) => `${catalogPrefix}${part(id, 'point')}.json`,
    checkpoint: (id) => `${checkpointPrefix}${part(id, 'checkpoint')}.json`,
    allMarksPrefix: `${root}/marks/`,
    marksPrefix,
    mark: (pointId, mark, stamp) => `${marksPrefix(pointId)}${part(stamp, 'stamp')}-${part(mark, 'mark')}.json`,
    locksPrefix: `${root}/locks/`,
    lock: (name) => `${root}/locks/${part(name, 'lock')}.json`,
    fence: (lineage) => `${root}/locks/fence-${part(lineage, 'lineage')}.json`,
    head: (repository) => `${root}/locks/head-${part(repository, 'repository')}.json`,
    leasesPrefix: `${root}/leases/`,
    leasesOf,
    lease: (pointId, holder) => `${leasesOf(pointId)}${part(holder, 'holder')}.json`,
    pgbackrestPrefix: `${engines}/pgbackrest/`,
    pgbackrest: (lineage) => `${engines}/pgbackrest/${part(lineage, 'lineage')}`,
    restic: `${engines}/restic`,
    evidencePrefix: `${root}/evidence/`,
    evidence,
    evidenceFile: (id, name) => `${evidence(id)}${part(name, 'file')}`,
    evidenceData: (id) => `${evidence(id)}restic`,
    custodyPrefix: (id) => `${evidence(id)}custody/`,
    custody: (id, number) => `${evidence(id)}custody/${String(number).padStart(6, '0')}.json`,
    incidentsPrefix: `${root}/incidents/`,
    incident: (id) => `${root}/incidents/${part(id, 'incident')}/`,
    incidentEvent: (id, event) => `${root}/incidents/${part(id, 'incident')}/${part(event, 'event')}.json`,
    keysPrefix: `${root}/keys/`,
    key: (name) => `${root}/keys/${part(name, 'key')}`,
    copiesPrefix: `${root}/copies/`,
    copyPrefix: (pointId) => `${copyRoot(pointId)}/`,
    copyFile: (pointId, name) => `${copyRoot(pointId)}/${part(name, 'file')}`,
    ofCopy: (pointId) => layout(environment, pointId),
  };
}

/**
 * Label of every Kubernetes object that a stack declares itself. A backup reads these objects too, and a recovery must not declare them
 * a second time.
 */
export const OWN_LABEL = 'go-coffee-dr/owner';
