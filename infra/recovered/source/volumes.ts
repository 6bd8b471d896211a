/** Sizes and classes of volumes, compared with the last `up`: a volume grows where it is, and changes in no other way. Pure. */
import { z } from 'zod';
import { mebibytes } from '../../cluster/sizes.ts';
import type { ConfigProblem } from '../../config/problems.ts';
import type { StackConfig } from '../../config/types.ts';

const KEYS = {
  postgres: ['postgres', 'storage'],
  wal: ['postgres', 'walStorage', 'size'],
  redis: ['redis', 'storage'],
  backups: ['backups', 'storage'],
  state: ['backups', 'state'],
} as const;
type Volume = keyof typeof KEYS;
/** Of a store. The others outlive a generation. */
const OF_A_GENERATION: readonly Volume[] = ['postgres', 'wal', 'redis'];

const declared = z.object({ size: z.string(), class: z.string().optional() });
export const volumesSchema = z.object({
  postgres: declared,
  /** Absent where the WAL lies beside the data. */
  wal: declared.optional(),
  redis: declared,
  backups: declared,
  state: declared,
});
export type Volumes = z.infer<typeof volumesSchema>;

type Config = Pick<StackConfig, 'postgres' | 'redis' | 'backups' | 'storageClasses'> &
  Partial<Pick<StackConfig, 'external'>>;
interface Held {
  /** Absent in the outputs of early versions. */
  readonly volumes?: Volumes | undefined;
  readonly generation: number;
}

/** As the outputs have them. */
export function volumesOf({ postgres, redis, backups, storageClasses: classes }: Config): Volumes {
  const wal = postgres.walStorage;
  const of = (size: string, name: string | undefined) => ({ size, ...(name === undefined ? {} : { class: name }) });
  return {
    postgres: of(postgres.storage, classes.postgres),
    ...(wal === undefined ? {} : { wal: of(wal.size, wal.class ?? classes.postgres) }),
    redis: of(redis.storage, classes.redis),
    backups: of(backups.storage, classes.backups),
    state: of(backups.state, classes.backups),
  };
}

interface Changed {
  readonly volume: Volume;
  readonly before: z.infer<typeof declared>;
  readonly after: z.infer<typeof declared>;
}

function changedIn(config: Config & { readonly generation: number }, held: Held | undefined): Changed[] {
  const { volumes, generation } = held ?? {};
  if (volumes === undefined) return [];
  const now = volumesOf(config);
  return (Object.keys(KEYS) as Volume[])
    .filter((volume) => !OF_A_GENERATION.includes(volume) || generation === config.generation)
    .flatMap((volume) => {
      const [before, after] = [volumes[volume], now[volume]];
      return before === undefined || after === undefined ? [] : [{ volume, before, after }];
    });
}

/** A StatefulSet keeps its kinds of volumes for ever, in each generation. */
function walProblems({ postgres, external }: Config, held: Held | undefined): ConfigProblem[] {
  if (held === undefined || external?.postgres !== undefined) return [];
  const [had, has] = [held.volumes?.wal !== undefined, postgres.walStorage !== undefined];
  if (had === has) return [];
  const fact = has
    ? 'is set, and the PostgreSQL of this stack began without a volume for its WAL: Kubernetes adds none to a StatefulSet'
    : 'is missing, and the PostgreSQL of this stack has its WAL on a volume of its own, which Kubernetes takes from no StatefulSet';
  const hint = has
    ? 'leave it out here; write it into a stack that is new, a rebuilt one or a standby, and let that one lead (docs/stacks.md)'
    : `write walStorage: {size: ${held.volumes?.wal?.size}}`;
  return [{ path: ['postgres', 'walStorage'], fact, hint }];
}

function problemOf({ volume, before, after }: Changed, efs: string | undefined): ConfigProblem | undefined {
  const path = KEYS[volume];
  const [was, is] = [mebibytes(before.size), mebibytes(after.size)];
  if (before.class !== after.class) {
    const fact = `"${after.class ?? 'the default'}", and the volume is of class ${before.class ?? 'that was the default'}: a volume keeps its class`;
    const hint = `write ${before.class ?? 'none'}; a new generation begins with new volumes`;
    return { path: volume === 'wal' ? ['postgres', 'walStorage', 'class'] : ['storageClasses', path[0]], fact, hint };
  }
  if (is < was) {
    const fact = `${after.size}, and the volume has ${before.size}: Kubernetes makes no volume smaller`;
    return { path: [...path], fact, hint: `write ${before.size}, or more` };
  }
  if (is > was && efs !== undefined && after.class === efs) {
    const fact = `${after.size} instead of ${before.size}, and the class "${efs}" is of EFS: its driver changes no claim, and its volumes have no end`;
    return { path: [...path], fact, hint: `write ${before.size}` };
  }
  return undefined;
}

/** @param held what the last `up` of this stack has declared */
export function volumeProblems(
  config: Config & { readonly generation: number },
  held: Held | undefined,
): ConfigProblem[] {
  const efs = config.storageClasses.efs?.name;
  const all = changedIn(config, held).flatMap((changed) => problemOf(changed, efs) ?? []);
  // One class may serve two volumes.
  const once = all.filter(({ path }, n) => all.findIndex((other) => other.path.join() === path.join()) === n);
  return [...once, ...walProblems(config, held)];
}

/** What a preview says of volumes that grow: whether a class lets them is known to the cluster alone. */
export function growthFindings(config: Config & { readonly generation: number }, held: Held | undefined): string[] {
  const made = config.storageClasses.ebs?.name;
  return changedIn(config, held)
    .filter(({ before, after }) => mebibytes(after.size) > mebibytes(before.size))
    .map(({ volume, before, after: { size, class: name } }) => {
      const grows = `${KEYS[volume].join('.')} grows from ${before.size} to ${size}: the volumes are resized while their pods run`;
      if (name !== undefined && name === made) return grows;
      const look = `kubectl get storageclass${name === undefined ? '' : ` ${name}`}`;
      return `${grows}, if their class has allowVolumeExpansion (${look}); if not, the API refuses and nothing changes`;
    });
}
