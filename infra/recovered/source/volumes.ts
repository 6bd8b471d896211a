/** Sizes and classes of volumes, compared with the last `up`: a volume grows where it is, and changes in no other way. Pure. */
import { z } from 'zod';
import { mebibytes } from '../../cluster/sizes.ts';
import type { ConfigProblem } from '../../config/problems.ts';
import type { StackConfig } from '../../config/types.ts';

const KEYS = {
  postgres: ['postgres', 'storage'],
  redis: ['redis', 'storage'],
  backups: ['backups', 'storage'],
  state: ['backups', 'state'],
} as const;
type Volume = keyof typeof KEYS;
/** Of a store. The others outlive a generation. */
const OF_A_GENERATION: readonly Volume[] = ['postgres', 'redis'];

const declared = z.object({ size: z.string(), class: z.string().optional() });
export const volumesSchema = z.object({ postgres: declared, redis: declared, backups: declared, state: declared });
export type Volumes = z.infer<typeof volumesSchema>;

type Config = Pick<StackConfig, 'postgres' | 'redis' | 'backups' | 'storageClasses'>;
interface Held {
  /** Absent in the outputs of early versions. */
  readonly volumes?: Volumes | undefined;
  readonly generation: number;
}

/** As the outputs have them. */
export function volumesOf({ postgres, redis, backups, storageClasses: classes }: Config): Volumes {
  const of = (size: string, name: string | undefined) => ({ size, ...(name === undefined ? {} : { class: name }) });
  return {
    postgres: of(postgres.storage, classes.postgres),
    redis: of(redis.storage, classes.redis),
    backups: of(backups.storage, classes.backups),
    state: of(backups.state, classes.backups),
  };
}

interface Changed {
  readonly volume: Volume;
  readonly before: Volumes[Volume];
  readonly after: Volumes[Volume];
}

function changedIn(config: Config & { readonly generation: number }, held: Held | undefined): Changed[] {
  const { volumes, generation } = held ?? {};
  if (volumes === undefined) return [];
  const now = volumesOf(config);
  return (Object.keys(KEYS) as Volume[])
    .filter((volume) => !OF_A_GENERATION.includes(volume) || generation === config.generation)
    .map((volume) => ({ volume, before: volumes[volume], after: now[volume] }));
}

function problemOf({ volume, before, after }: Changed, efs: string | undefined): ConfigProblem | undefined {
  const path = KEYS[volume];
  const [was, is] = [mebibytes(before.size), mebibytes(after.size)];
  if (before.class !== after.class) {
    const fact = `"${after.class ?? 'the default'}", and the volume is of class ${before.class ?? 'that was the default'}: a volume keeps its class`;
    const hint = `write ${before.class ?? 'none'}; a new generation begins with new volumes`;
    return { path: ['storageClasses', path[0]], fact, hint };
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
  return all.filter(({ path }, n) => all.findIndex((other) => other.path.join() === path.join()) === n);
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
