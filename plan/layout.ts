/** The only maker of object keys and names in a repository. Keys have `/` between the parts and none in front. */
import { PlanError } from './errors.ts';

/** pgBackRest's name for the one PostgreSQL cluster of the platform. */
export const STANZA = 'go-coffee';

/**
 * Name of a stack's signing key and passphrases, the first of their kind. It stands in every point: stacks that share a repository must
 * give them the same one.
 */
export const FIRST_KEY = 'first';

const PART = /^[A-Za-z0-9][A-Za-z0-9._:@+-]*$/;

/** One part of a key: no `/`, no `..`, no line break, so no name can leave its folder. */
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

/** A new life of a site's PostgreSQL gets a new generation, so two servers never archive into one place. */
export function lineageName(site: string, generation: number): string {
  if (!Number.isSafeInteger(generation) || generation < 0)
    throw new RangeError(`generation ${generation} is no whole number`);
  return `${part(site, 'site')}-${generation}`;
}

/** The opposite of `lineageName`; undefined for a name that it did not make. */
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
  /** That a lineage no longer leads; beside the locks, where the restorer may write. */
  fence(lineage: string): string;
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
  readonly incidentsPrefix: string;
  incident(id: string): string;
  readonly keysPrefix: string;
  key(name: string): string;
  /** All dated copies of a repository that is written by an export. */
  readonly copiesPrefix: string;
  copyPrefix(pointId: string): string;
  /** `README.txt` and the like, beside the engines' data of a dated copy. */
  copyFile(pointId: string, name: string): string;
  /** The same catalog, with the engines' data of one dated copy: nothing of it is shared with another one's. */
  ofCopy(pointId: string): Layout;
}

/** @param copy point whose dated copy holds the engines' data; @default they write to the repository itself */
export function layout(environment: string, copy?: string): Layout {
  const root = part(environment, 'environment');
  const copyRoot = (pointId: string) => `${root}/copies/${part(pointId, 'point')}`;
  const engines = copy === undefined ? root : copyRoot(copy);
  const catalogPrefix = `${root}/catalog/v1/points/`;
  const checkpointPrefix = `${root}/catalog/v1/checkpoints/`;
  const marksPrefix = (pointId: string) => `${root}/marks/${part(pointId, 'point')}/`;
  const leasesOf = (pointId: string) => `${root}/leases/${part(pointId, 'point')}/`;
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
    leasesPrefix: `${root}/leases/`,
    leasesOf,
    lease: (pointId, holder) => `${leasesOf(pointId)}${part(holder, 'holder')}.json`,
    pgbackrestPrefix: `${engines}/pgbackrest/`,
    pgbackrest: (lineage) => `${engines}/pgbackrest/${part(lineage, 'lineage')}`,
    restic: `${engines}/restic`,
    evidencePrefix: `${root}/evidence/`,
    evidence: (incident) => `${root}/evidence/${part(incident, 'incident')}/`,
    incidentsPrefix: `${root}/incidents/`,
    incident: (id) => `${root}/incidents/${part(id, 'incident')}/`,
    keysPrefix: `${root}/keys/`,
    key: (name) => `${root}/keys/${part(name, 'key')}`,
    copiesPrefix: `${root}/copies/`,
    copyPrefix: (pointId) => `${copyRoot(pointId)}/`,
    copyFile: (pointId, name) => `${copyRoot(pointId)}/${part(name, 'file')}`,
    ofCopy: (pointId) => layout(environment, pointId),
  };
} /** Labels by which the program and the command know each other's objects in a cluster. */

/** On everything that a stack declares itself: a capture of the platform has these too, and no recovery declares them twice. */
export const OWN_LABEL = 'go-coffee-dr/owner';
