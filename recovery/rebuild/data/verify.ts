/** A platform that was made from a point, asked for its data: not what was declared, but what is there. */
import { asDrError } from '../../core/as-dr-error.ts';
import { fieldsOf, type KubeObject, listOf } from '../../kubernetes/objects.ts';
import { plural } from '../../report/format.ts';
import { type CapturedPlatform, unpackPlatform } from '../../workloads/objects/captured/platform.ts';
import type { DataCheck, RebuildPlan } from '../types.ts';
import type { DrilledCluster } from './cluster.ts';
import { databaseChecks, type Remembered } from './database.ts';
import { objectChecks, quarantineChecks } from './objects.ts';

/** A part that can't be read is a failed check, and the others are asked all the same. */
async function asked(title: string, checks: () => Promise<readonly DataCheck[]>): Promise<readonly DataCheck[]> {
  try {
    return await checks();
  } catch (error) {
    const { fact, where } = asDrError(error, title);
    return [{ title, expected: 'an answer', actual: fact, ok: false, evidence: where }];
  }
}

async function redisChecks(
  cluster: DrilledCluster,
  namespace: string,
  { pin }: Pick<RebuildPlan, 'pin'>,
  { redis }: Remembered,
): Promise<DataCheck[]> {
  const { keys, ending } = await cluster.redis(namespace);
  const then = Number(redis?.facts.keys ?? 0);
  return [
    {
      title: 'Redis holds its keys',
      tier: 'P1',
      expected:
        pin.redis === undefined
          ? 'it answers; there was no copy'
          : `${plural(then, 'key')}, but for those that have ended`,
      actual: `${plural(keys, 'key')}, ${ending} of them with an end`,
      // Keys end on their own, and services make new ones: what is left of a copy that was lost is next to nothing.
      ok: keys * 2 >= then,
      evidence: 'INFO keyspace; the facts of the snapshot',
    },
  ];
}

async function capturedOf(outputs: Readonly<Record<string, unknown>>): Promise<CapturedPlatform | undefined> {
  const { recoveredObjects } = outputs;
  return typeof recoveredObjects === 'string' ? unpackPlatform(recoveredObjects) : undefined;
}

export interface DrilledPlatform {
  readonly cluster: DrilledCluster;
  readonly made: RebuildPlan;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly remembered: Remembered;
  /** With the platform's data. */
  readonly database: string;
  /** A drill's: it must lead nowhere (F37). */
  readonly isolated: boolean;
}

/** What a stack says that it has left out of the capture: `Deployment.apps/go-coffee/api`, as `Deployment/api`. */
function leftOutOf({ made, outputs }: DrilledPlatform): string[] {
  const { leftOut } = fieldsOf(outputs.recoveredPlatform);
  const declared = listOf(leftOut).flatMap((each) => listOf(fieldsOf(each).objects).map(String));
  const names = declared.map((identity) => {
    const parts = identity.split('/');
    return `${parts[0]?.split('.')[0]}/${parts.at(-1)}`;
  });
  return [...made.leftOut.map((text) => text.split(':')[0] ?? ''), ...names];
}

/** Of a certificate that is made anew: by cert-manager, when it comes to it. */
function isReissued({ outputs }: DrilledPlatform, object: KubeObject): boolean {
  return fieldsOf(outputs.recoverySettings).rotateSecrets === true && object.type === 'kubernetes.io/tls';
}

/** Never throws for what does not answer. */
export async function verifyDrilled(drilled: DrilledPlatform): Promise<DataCheck[]> {
  const { cluster, made, outputs, remembered, database, isolated } = drilled;
  const { platform = '', recovery = '' } = made.namespaces as { platform?: string; recovery?: string };
  const groups = await Promise.all([
    asked('the database answers', () =>
      databaseChecks((statement) => cluster.sql(platform, database, statement), {
        pin: made.pin,
        remembered,
        isolated,
        declaredAt: new Date(made.declaredAt),
      }),
    ),
    asked('Redis answers', () => redisChecks(cluster, platform, made, remembered)),
    asked('the Kubernetes API answers', async () => {
      const [inPlatform, inRecovery] = await Promise.all([cluster.objects(platform), cluster.objects(recovery)]);
      const captured = await capturedOf(outputs);
      const wanted = captured && {
        ...captured,
        objects: captured.objects.filter(({ object }) => !isReissued(drilled, object)),
      };
      return [
        ...objectChecks(wanted, inPlatform, leftOutOf(drilled)),
        ...(isolated ? quarantineChecks([...inPlatform, ...inRecovery], [platform, recovery]) : []),
      ];
    }),
  ]);
  return groups.flat();
}
