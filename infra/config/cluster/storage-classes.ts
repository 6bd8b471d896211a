/** The config keys `storageClasses` and `backups`: where volumes come from, and what can't be. Pure. */
import { z } from 'zod';
import { idSchema, lineSchema } from '../../../plan/fields.ts';
import type { External } from '../external/schema.ts';
import type { ConfigProblem } from '../problems.ts';
import { quantity } from '../quantities.ts';

const USERS = ['postgres', 'redis', 'backups'] as const;

/** @default the cluster's default class */
export const storageClassesSchema = z.strictObject({
  postgres: lineSchema.optional(),
  redis: lineSchema.optional(),
  /** For the local repository and the jobs' state. */
  backups: lineSchema.optional(),
  /** A class for gp3 volumes, which the stack makes. */
  ebs: z
    .strictObject({
      name: idSchema,
      /** The second is the driver of EKS Auto Mode. */
      provisioner: z.enum(['ebs.csi.aws.com', 'ebs.csi.eks.amazonaws.com']).default('ebs.csi.aws.com'),
      /** @default the account's key for EBS */
      kmsKeyArn: z
        .string()
        .regex(/^arn:(aws|aws-cn|aws-us-gov):kms:[a-z0-9-]+:\d{12}:key\/.+$/, {
          error: 'is not an ARN of a key; copy it from KMS',
        })
        .optional(),
      /** @default 3000 */
      iops: z.int().min(3000).max(80_000).optional(),
      /** MiB a second. @default 125 */
      throughput: z.int().min(125).max(2000).optional(),
    })
    .optional(),
  /** A class for access points of a file system that is there. */
  efs: z
    .strictObject({
      name: idSchema,
      fileSystemId: z.string().regex(/^fs-[0-9a-f]{8,40}$/, { error: 'is not a file system; copy its id from EFS' }),
    })
    .optional(),
});

/** Volumes of the local repository, and of the jobs' state: staged dumps, mirrors, trial restores. */
export const backupsSchema = z.strictObject({
  storage: quantity.default('200Gi'),
  state: quantity.default('100Gi'),
  /** Of pgBackRest in a backup and a restore. Memory limits follow from it; without it pgBackRest takes as many as the node has CPUs. */
  processes: z.int().min(1).max(64).default(4),
  /** `replica`: the files of one that follows, so that the leader serves its clients; the leader's where none does. */
  from: z.enum(['leader', 'replica']).default('replica'),
  /** MB a second that a backup was seen to read. @default estimated by processes and class, for `postgres.expectedSize` */
  rate: z.int().min(1).max(10_000).optional(),
  /** ReadWriteOnce: all pods that mount them run on one node. A claim's access can't be changed later. */
  access: z.enum(['ReadWriteOnce', 'ReadWriteMany']).default('ReadWriteMany'),
});

interface Given {
  readonly storage?: { readonly kind: string } | undefined;
  readonly storageClasses?: z.infer<typeof storageClassesSchema> | undefined;
  readonly backups?: z.infer<typeof backupsSchema> | undefined;
  readonly external?: External | undefined;
  readonly recovery?: { readonly isolated: boolean } | undefined;
}

/** Without those of stores that stay where they are; a drill has stores of its own. */
function usersIn({ external = {}, recovery }: Given): (typeof USERS)[number][] {
  const ours = recovery?.isolated === true;
  return USERS.filter((user) => user === 'backups' || ours || external[user] === undefined);
}

const MAKE = 'let the stack make one, storageClasses: {ebs: {name: go-coffee-gp3}}, and name it here';

export function storageClassProblems(given: Given): ConfigProblem[] {
  const { storage, storageClasses: classes, backups } = given;
  // A key that could not be parsed is reported already.
  if (classes === undefined) return [];
  const problems: ConfigProblem[] = [];
  const add = (key: string, fact: string, hint: string): void => {
    problems.push({ path: ['storageClasses', key], fact, hint });
  };
  const { ebs, efs } = classes;
  if (storage?.kind === 'aws') {
    for (const key of usersIn(given).filter((name) => classes[name] === undefined)) {
      add(key, 'is missing: EKS marks no class as the default, so its volume would stay pending', MAKE);
    }
  }
  if (ebs !== undefined && ebs.name === efs?.name) add('efs', `"${ebs.name}" is the class of EBS too`, 'rename one');
  for (const key of ['postgres', 'redis'] as const) {
    if (efs === undefined || classes[key] !== efs.name) continue;
    add(key, `"${efs.name}" is a class of EFS: a database needs a disk of its own`, 'name a class of EBS');
  }
  if (ebs !== undefined && classes.backups === ebs.name && backups?.access === 'ReadWriteMany') {
    const fact = `"ReadWriteMany", and the class "${ebs.name}" makes EBS volumes, which one node at a time can mount`;
    const hint = 'write ReadWriteOnce, or a class of EFS for storageClasses.backups';
    problems.push({ path: ['backups', 'access'], fact, hint });
  }
  return problems;
}
