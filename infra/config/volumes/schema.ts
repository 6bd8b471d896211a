/** The config key `volumes`: claims of the platform whose files are copied by a pod in their own namespace. Pure. */
import { z } from 'zod';
import { serviceNamespaces } from '../../../plan/declared/namespaces.ts';
import type { CopiedVolume } from '../../../plan/declared/volumes.ts';
import { idSchema } from '../../../plan/fields.ts';
import { TIERS, type TierId } from '../../../plan/types.ts';
import { labelsSchema } from '../cluster/labels.ts';

/** That of the stack's own pods (cluster/pod-security.ts). */
const ACCOUNT = 999;

const account = (what: string) =>
  z
    .int()
    .min(1, { error: `is root, who may read all; write the ${what} of the pods that use the volume` })
    .max(2 ** 31 - 1, { error: `is not the number of a ${what}` });

const claimName = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, {
  error: 'is not the name of a claim; write it as in `kubectl get pvc`: data-orders-0',
});

const volumeSchema = z.strictObject({
  claim: claimName,
  /** @default the platform's namespace, where it has one */
  namespace: idSchema.optional(),
  /** Labels of the pods that mount it: the copy runs on their node, because a disk is on one. */
  pods: labelsSchema.optional(),
  /** `ReadWriteMany`: the copy runs on any node. */
  access: z.enum(['ReadWriteOnce', 'ReadWriteMany']).default('ReadWriteOnce'),
  /** `files`: by restic, into the repositories. `snapshot` is refused with the reason: it lies in the volume's own storage. */
  method: z.enum(['files', 'snapshot']).default('files'),
  /** Who reads the files, and to whom they belong when they come back. */
  user: account('user').default(ACCOUNT),
  /** @default as `user` */
  group: account('group').optional(),
  /** They come back with this tier. A workload that the plan has keeps its own. */
  tier: z.enum(TIERS).default('P2'),
});

/** By the workload that a volume is in the points; `volumeProblems` checks the names. */
export const volumesSchema = z.record(z.string(), volumeSchema);
export type VolumesKey = z.infer<typeof volumesSchema>;

/** A volume of the platform that a pod in its namespace copies. */
export interface PlatformVolume {
  /** The workload's. */
  readonly id: string;
  readonly namespace: string;
  readonly claim: string;
  readonly pods: Readonly<Record<string, string>> | undefined;
  readonly user: number;
  readonly group: number;
  readonly tier: TierId;
}

interface Namespaced {
  readonly namespaces: { readonly platform: string; readonly existing: readonly string[] };
  /** Namespace of the point → its name here. @default the same */
  readonly map?: Readonly<Record<string, string>>;
  /** A platform that was in one namespace comes back in the stack's own, whatever its name was. @default false */
  readonly moved?: boolean;
}

/** Namespaces that are unknown stay as they are: `volumeProblems` has refused them. */
export function volumesOf(
  key: VolumesKey | undefined,
  { namespaces, map = {}, moved = false }: Namespaced,
): PlatformVolume[] {
  const known = serviceNamespaces(namespaces);
  const only = moved && namespaces.existing.length === 0 ? namespaces.platform : undefined;
  return Object.entries(key ?? {}).map(([id, { claim, pods, access, user, group = user, tier, namespace }]) => {
    const written = namespace ?? known[0] ?? namespaces.platform;
    const here = known.includes(written) ? written : (map[written] ?? only ?? written);
    const near = access === 'ReadWriteMany' ? undefined : pods;
    return { id, namespace: here, claim, pods: near, user, group, tier };
  });
}

export const claimOf = ({ namespace, claim }: Pick<PlatformVolume, 'namespace' | 'claim'>): string =>
  `${namespace}/${claim}`;

/** As the plan knows them. */
export const copiedOf = (volumes: readonly PlatformVolume[]): CopiedVolume[] =>
  volumes.map((volume) => ({ id: volume.id, claim: claimOf(volume), tier: volume.tier }));
