/** Volumes that nothing makes again: those that a person once made for a claim, and those that pods use without a claim. Pure. */
import { fieldsOf, type KubeObject, kindOf, listOf, nameOf, textOf } from '../../../kubernetes/objects.ts';
import { few, type Gap } from './gap.ts';
import { makesPods, podSpecOf } from './wanted.ts';

/** A driver that makes volumes has left its name on the claim. */
const MADE_BY = ['volume.kubernetes.io/storage-provisioner', 'volume.beta.kubernetes.io/storage-provisioner'];

/** Class → its driver. */
export function driversOf(objects: readonly KubeObject[]): Map<string, string> {
  const classes = objects.filter((object) => kindOf(object) === 'StorageClass.storage.k8s.io');
  return new Map(classes.map(({ metadata, provisioner }) => [metadata.name, textOf(provisioner)]));
}

/** The class of local volumes, which somebody makes on each node. */
const BY_HAND = 'kubernetes.io/no-provisioner';

function isMadeByHand({ metadata, spec }: KubeObject, drivers: ReadonlyMap<string, string>): boolean {
  const { volumeName, storageClassName } = fieldsOf(spec);
  if (textOf(volumeName) === '') return false;
  const isDriven = MADE_BY.some((key) => metadata.annotations?.[key] !== undefined);
  return !isDriven || drivers.get(textOf(storageClassName)) === BY_HAND;
}

/** Kinds of volumes that lead to data outside of the cluster's API, with the field that says where. */
const OUTSIDE: Readonly<Record<string, string>> = {
  hostPath: 'path',
  nfs: 'path',
  cephfs: 'path',
  glusterfs: 'path',
  iscsi: 'iqn',
  rbd: 'image',
  azureFile: 'shareName',
  fc: 'wwids',
};

/** Folders of the node's own system: every node has them. */
const OF_THE_NODE =
  /^\/(bin|boot|dev|etc|lib|lib64|proc|run|sbin|sys|usr|var\/(lib\/(kubelet|docker|containerd)|log|run))(\/|$)/;

function withoutClaim(object: KubeObject): string[] {
  return listOf(podSpecOf(object).volumes).flatMap((volume) =>
    Object.entries(OUTSIDE).flatMap(([kind, field]) => {
      const source = fieldsOf(fieldsOf(volume)[kind]);
      const at = textOf(source[field]);
      if (Object.keys(source).length === 0 || (kind === 'hostPath' && OF_THE_NODE.test(at))) return [];
      return [`${kind} ${[textOf(source.server), at].filter(Boolean).join(':')}`];
    }),
  );
}

/** @param platform the captured objects, as they were read */
export function volumeGaps(platform: readonly KubeObject[]): Gap[] {
  const drivers = driversOf(platform);
  const claims = platform.filter((object) => kindOf(object) === 'PersistentVolumeClaim');
  const byHand = claims.filter((claim) => isMadeByHand(claim, drivers));
  const users = new Map<string, string[]>();
  // An agent on every node reads what belongs to the node.
  for (const object of platform.filter((each) => makesPods(each) && each.kind !== 'DaemonSet'))
    for (const volume of new Set(withoutClaim(object)))
      users.set(volume, [...(users.get(volume) ?? []), nameOf(object)]);
  return [
    ...byHand.map((claim): Gap => {
      const why = `${nameOf(claim)} is bound to it, and no driver makes it again: the claim waits until somebody does`;
      return { part: 'manifests', what: `PersistentVolume ${textOf(fieldsOf(claim.spec).volumeName)}`, why };
    }),
    ...[...users].map(([volume, by]): Gap => {
      const why = `${few(by)} ${by.length === 1 ? 'keeps' : 'keep'} files there without a claim, which no copy holds`;
      return { part: 'manifests', what: `content of ${volume}`, why };
    }),
  ];
}
