/** Pure: the key `volumes`: each claim of the platform that pods mount and that is of no store, or why it can't be copied. */
import { isFolder, schedulesOf } from '../../../plan/declared/volumes.ts';
import { idSchema } from '../../../plan/fields.ts';
import type { Plan } from '../../../plan/types.ts';
import { isRecord } from '../../core/json.ts';
import { type Part, remark, section, value } from '../document.ts';
import type { Unanswered } from '../found.ts';
import type { ClaimFact, ClaimUser, ClusterFacts } from './facts.ts';

export interface VolumesPart {
  readonly parts: readonly Part[];
  readonly unanswered: readonly Unanswered[];
  /** What is copied, as the workload of that id. */
  readonly volumes: readonly { readonly id: string; readonly claim: ClaimFact }[];
  /** What nothing covers. */
  readonly notes: readonly string[];
}

/** `volumes` of the stack's file: names that a person chose. */
export type NamedVolumes = Readonly<Record<string, unknown>>;

/** Kubernetes takes so many letters of a CronJob; the stack's are `<recovery namespace>-<volume>-<schedule>`. */
const LONGEST_CRON_JOB = 52;

/** Kinds whose pods mount claims. */
const MOUNTING = ['deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'cronjobs.batch', 'pods'];

function textOfClaim({ namespace, name, size, storageClass, mountedBy }: ClaimFact, unread: readonly string[]): string {
  const hidden = MOUNTING.filter((key) => unread.includes(key));
  const nothing = hidden.length === 0 ? 'nothing' : `nothing that could be read (not ${hidden.join(', ')})`;
  const by = mountedBy.length === 0 ? nothing : mountedBy.join(', ');
  return `${namespace}/${name} (${size}, ${storageClass || 'default class'}; mounted by ${by})`;
}

/** A job of the platform's comes and goes; who serves stays. */
function mainUser({ users }: ClaimFact): ClaimUser | undefined {
  return users.find(({ kind }) => kind !== 'CronJob') ?? users[0];
}

/** Why it is not proposed. */
function obstacle(claim: ClaimFact, { stores }: ClusterFacts): string | undefined {
  const store = stores.find(({ object }) => claim.mountedBy.includes(object));
  if (store !== undefined) {
    const what = store.kind === 'postgres' ? 'PostgreSQL' : 'Redis';
    return `what mounts it looks like ${what}: take that over (dr adopt ${store.kind}), or name it under external`;
  }
  if (claim.modes.includes('ReadWriteMany')) return undefined;
  if (claim.modes.every((mode) => mode === 'ReadWriteOncePod') && claim.modes.length > 0)
    return 'ReadWriteOncePod: no second pod can mount it, so no copy of it is made';
  if (claim.modes.every((mode) => mode === 'ReadOnlyMany') && claim.modes.length > 0)
    return 'ReadOnlyMany: nobody can write a copy back into it';
  const user = mainUser(claim);
  if (user === undefined) return 'the stack does not back up its data, unless volumes names it';
  return Object.keys(user.pods).length === 0
    ? 'its pods have no labels by which a copy finds their node: label them, then write it under volumes'
    : undefined;
}

/** The name that the file gives it, or one that no workload and no other volume has. */
function idOf(claim: ClaimFact, taken: ReadonlySet<string>, longest: number): string | undefined {
  const clean = (text: string) =>
    text
      .replaceAll('.', '-')
      .slice(0, longest)
      .replace(/^-+|-+$/g, '');
  const wanted = [claim.name, `${claim.namespace}-${claim.name}`].map(clean);
  const numbered = [2, 3, 4, 5].map((n) => `${clean(claim.name).slice(0, longest - 2)}-${n}`);
  return [...wanted, ...numbered].find((id) => idSchema.safeParse(id).success && !taken.has(id));
}

function accountParts(
  id: string,
  { namespace }: ClaimFact,
  user: ClaimUser | undefined,
): { readonly parts: readonly Part[]; readonly unanswered: readonly Unanswered[] } {
  if (user?.user !== undefined && user.user > 0) {
    const { group } = user;
    const own = group === undefined || group === 0 || group === user.user;
    return {
      parts: [
        value('user', user.user, 'runAsUser of its pods: who may read the files'),
        ...(own ? [] : [value('group', group, 'fsGroup or runAsGroup of its pods')]),
      ],
      unanswered: [],
    };
  }
  const who = user === undefined ? 'its pods' : `the pods of ${user.object}`;
  const why = user?.user === 0 ? `${who} run as root, and a copy does not` : `${who} do not say as whom they run`;
  const look =
    user === undefined || user.kind === 'CronJob'
      ? 'see whose the files are (ls -ln)'
      : `see whose the files are: kubectl -n ${namespace} exec ${user.kind === 'Pod' ? '' : `${user.kind.toLowerCase()}/`}${user.name} -- ls -ln ${user.path ?? '/'}`;
  const hint = `${look}; write that number as user here, else the copy reads as 999`;
  return {
    parts: [remark(`NOT ANSWERED: user: ${why}`, `  to answer it: ${hint}`)],
    unanswered: [{ about: `volumes.${id}.user`, why, hint }],
  };
}

/** @param named the file's own; a claim in it keeps its name */
function namedAs(named: NamedVolumes, claim: ClaimFact, namespaces: readonly string[]): string | undefined {
  return Object.entries(named).find(([, of]) => {
    if (!isRecord(of)) return false;
    const namespace = of.namespace ?? (namespaces.length === 1 ? namespaces[0] : undefined);
    return of.claim === claim.name && namespace === claim.namespace;
  })?.[0];
}

export interface VolumeChoices {
  /** Of the platform. */
  readonly namespaces: readonly string[];
  readonly named: NamedVolumes;
  readonly recovery: string;
  /** Workloads whose folder another key names. */
  readonly covered: readonly string[];
}

export function volumesPart(facts: ClusterFacts, choices: VolumeChoices, plan: Plan): VolumesPart {
  const { namespaces, named, recovery, covered } = choices;
  if (facts.unread.includes('persistentvolumeclaims')) {
    const why = 'the claims could not be read';
    const hint = 'let this account list persistentvolumeclaims, or write volumes by hand';
    const parts = [remark(`NOT ANSWERED: volumes: ${why}`, `  to answer it: ${hint}`)];
    return { parts, unanswered: [{ about: 'volumes', why, hint }], volumes: [], notes: [] };
  }
  const claims = facts.claims.filter(({ namespace }) => namespaces.includes(namespace));
  const schedules = plan.workloads.filter(isFolder).flatMap(({ id }) => schedulesOf(plan, id).map((each) => each.id));
  const longest = LONGEST_CRON_JOB - recovery.length - Math.max(0, ...schedules.map(({ length }) => length)) - 2;
  const taken = new Set([
    ...plan.workloads.filter((workload) => !isFolder(workload)).map(({ id }) => id),
    ...covered,
    ...Object.keys(named),
  ]);
  const volumes: { id: string; claim: ClaimFact }[] = [];
  const parts: Part[] = [];
  const unanswered: Unanswered[] = [];
  const notes: string[] = [];
  for (const claim of claims) {
    const before = namedAs(named, claim, namespaces);
    const why = before === undefined ? obstacle(claim, facts) : undefined;
    const id = before ?? (why === undefined ? idOf(claim, taken, longest) : undefined);
    if (id === undefined) {
      notes.push(
        `claim ${textOfClaim(claim, facts.unread)}: ${why ?? 'write it under volumes with a short name of its own'}`,
      );
      continue;
    }
    taken.add(id);
    volumes.push({ id, claim });
    const user = mainUser(claim);
    const account = before === undefined ? accountParts(id, claim, user) : { parts: [], unanswered: [] };
    unanswered.push(...account.unanswered);
    const place = claim.modes.includes('ReadWriteMany')
      ? value('access', 'ReadWriteMany', 'the copy runs on any node')
      : value('pods', user?.pods ?? {}, 'the copy runs on the node of these pods');
    parts.push(
      section(
        id,
        `${claim.size}, ${claim.storageClass || 'default class'}; mounted by ${claim.mountedBy.join(', ') || 'nothing'}`,
        [
          value('claim', claim.name, 'its files, by restic: docs/adopt.md'),
          value('namespace', claim.namespace, 'the pods that copy are there, with the keys of the copies'),
          place,
          ...account.parts,
        ],
      ),
    );
  }
  const head =
    'Claims of the platform whose files are copied, as workloads of tier P2; remove those that need not come back';
  return { parts: parts.length === 0 ? [] : [section('volumes', head, parts)], unanswered, volumes, notes };
}
