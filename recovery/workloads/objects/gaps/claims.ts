/** Claims whose content no workload copies: they come back empty. Pure. */
import { OWN_LABEL } from '../../../../plan/layout.ts';
import type { Workload } from '../../../../plan/types.ts';
import { fieldsOf, type KubeObject, kindOf, nameOf, textOf } from '../../../kubernetes/objects.ts';
import { claimPrefixes, isNumbered } from '../../../kubernetes/pod-template.ts';
import { operatorOfClaim } from '../operators.ts';
import type { Gap } from './gap.ts';
import { driversOf } from './volumes.ts';

/** Claim → id of the workload that holds its content, or `none` where nothing of it is needed: `kubernetes.claims` of the environment file. */
export type Covered = Readonly<Record<string, string>>;

export interface ClaimsArgs {
  /** Everything that was read of the namespaces. */
  readonly read: readonly KubeObject[];
  /** Of the capture. */
  readonly operators: readonly string[];
  /** Driver of volumes → its VolumeSnapshotClass. */
  readonly snapshotClasses: ReadonlyMap<string, string>;
  readonly covered: Covered;
  /** Workloads that this site backs up. */
  readonly backedUp: readonly Pick<Workload, 'id'>[];
  /** Whether a stack makes the copies: it can copy volumes. @default false */
  readonly inStack?: boolean;
}

/** `uploads`, `go-coffee/uploads`, `data-orders-*` */
function fits(pattern: string, { metadata: { name, namespace } }: KubeObject): boolean {
  const given = pattern.includes('/') ? `${namespace}/${name}` : name;
  const parts = pattern.split('*').map((part) => part.replace(/[.]/g, '\\.'));
  return new RegExp(`^${parts.join('[a-z0-9.-]*')}$`).test(given);
}

/** The workload of the first pattern that fits. Without a namespace it must mean one, or it would cover what nobody copies. */
function workloadOf(claim: KubeObject, claims: readonly KubeObject[], covered: Covered): string | undefined {
  const found = Object.entries(covered).find(([pattern]) => {
    const others = claims.filter((each) => each.metadata.namespace !== claim.metadata.namespace);
    return fits(pattern, claim) && (pattern.includes('/') || !others.some((each) => fits(pattern, each)));
  });
  return found?.[1];
}

/** A pod that makes its volume for itself loses it with itself, in the living cluster too. */
const isPodsOwn = ({ metadata }: KubeObject): boolean =>
  metadata.ownerReferences?.some(({ kind, controller }) => kind === 'Pod' && controller === true) === true;

/** `data-orders-0` of the StatefulSet `orders`. */
function setOf(claim: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined {
  const { name, namespace } = claim.metadata;
  return sets.find(
    (set) => set.metadata.namespace === namespace && claimPrefixes(set).some((prefix) => isNumbered(name, prefix)),
  );
}

const isOwn = (object: KubeObject | undefined): boolean => object?.metadata.labels?.[OWN_LABEL] !== undefined;

export function claimGaps({ read, operators, snapshotClasses, covered, backedUp, inStack }: ClaimsArgs): Gap[] {
  const drivers = driversOf(read);
  const sets = read.filter((object) => kindOf(object) === 'StatefulSet.apps');
  const claims = read.filter((object) => kindOf(object) === 'PersistentVolumeClaim');
  return claims.flatMap((claim): Gap[] => {
    const set = setOf(claim, sets);
    // The stack's own servers are copied by their engines.
    if (isOwn(claim) || isOwn(set) || isPodsOwn(claim) || claim.metadata.deletionTimestamp !== undefined) return [];
    const workload = workloadOf(claim, claims, covered);
    if (workload === 'none' || backedUp.some(({ id }) => id === workload)) return [];
    const lacking =
      workload === undefined
        ? 'no workload holds its content'
        : `${workload} holds its content, and is not backed up here`;
    const maker = set === undefined ? operatorOfClaim(claim, operators) : `${nameOf(set)} made it`;
    const driver = drivers.get(textOf(fieldsOf(claim.spec).storageClassName)) ?? '';
    const ofDriver = snapshotClasses.get(driver);
    const snapshot =
      ofDriver === undefined ? '' : `; ${driver} can make snapshots of it (VolumeSnapshotClass ${ofDriver})`;
    const way = inStack === true ? '; to copy it, name it in volumes of the stack’s config' : '';
    const whose = maker === undefined ? '' : ` (${maker})`;
    return [
      {
        part: 'manifests',
        what: `content of ${nameOf(claim)}${whose}`,
        why: `${lacking}: it comes back empty${way}${snapshot}`,
      },
    ];
  });
}
