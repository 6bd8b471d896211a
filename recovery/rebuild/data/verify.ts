/** Verifies a rebuilt platform by its data: by what it holds, not by what was declared. */
import { allNamespaces, serviceNamespaces } from '../../../plan/declared/namespaces.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import { fieldsOf, type KubeObject, listOf } from '../../kubernetes/objects.ts';
import { plural } from '../../report/format.ts';
import { type ManifestSnapshot, unpackSnapshot } from '../../workloads/objects/snapshot/platform.ts';
import type { DataCheck, RebuildPlan, Recorded } from '../types.ts';
import type { RebuiltCluster } from './cluster.ts';
import { databaseChecks, type RecordedCaptures } from './database.ts';
import { objectChecks, quarantineChecks } from './objects.ts';

/** A part that can't be read becomes a failed check, so that the other parts are still checked. */
async function checksOf(title: string, checks: () => Promise<readonly DataCheck[]>): Promise<readonly DataCheck[]> {
  try {
    return await checks();
  } catch (error) {
    rethrowBug(error);
    const { fact, where } = asDrError(error, title);
    return [{ title, expected: 'an answer', actual: fact, ok: false, evidence: where }];
  }
}

/** Keys expire and services make new ones. A lost copy leaves next to nothing, so half of the keys is proof enough. */
const LEAST_KEYS = 0.5;

async function redisChecks(
  cluster: RebuiltCluster,
  namespace: string,
  { pin }: Pick<RebuildPlan, 'pin'>,
  { redis }: RecordedCaptures,
): Promise<DataCheck[]> {
  const { keys, expiring } = await cluster.redis(namespace);
  const actual = `${plural(keys, 'key')}, ${expiring} of them with an expiry`;
  const evidence = 'INFO keyspace; the facts of the snapshot';
  if (pin.redis === undefined) {
    // The plan has said so, and the P1 objective is missed: it is a loss, not a comparison.
    const expected = 'an answer; the point holds no copy';
    return [{ title: 'Redis answers', tier: 'P1', expected, actual, ok: true, evidence }];
  }
  const check = { title: 'Redis holds its keys', tier: 'P1', evidence } as const;
  const then = redis?.facts.keys;
  if (typeof then !== 'number') {
    const expected = `the number of keys in ${pin.redis.point}`;
    return [{ ...check, expected, actual: `${actual}; the point has no number to compare with`, ok: false }];
  }
  return [{ ...check, expected: `${plural(then, 'key')}, except expired ones`, actual, ok: keys >= then * LEAST_KEYS }];
}

/** As the stack keeps it; where it is too large for a stack, from the repository. */
async function capturedOf({ outputs, source }: RebuiltPlatform): Promise<ManifestSnapshot | undefined> {
  const { recoveredObjects } = outputs;
  const kept = typeof recoveredObjects === 'string' ? await unpackSnapshot(recoveredObjects) : undefined;
  return kept ?? source.manifests();
}

export interface RebuiltPlatform {
  readonly cluster: RebuiltCluster;
  readonly made: RebuildPlan;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly recorded: RecordedCaptures;
  readonly source: Pick<Recorded, 'manifests'>;
  /** The database with the platform's data. */
  readonly database: string;
  /** Stores that no pod of the stack holds. `dr health --stores` has asked them, and what was loaded into them was compared. @default none */
  readonly external?: readonly ('postgres' | 'redis')[];
  /** It is a drill's: it must be quarantined. */
  readonly isolated: boolean;
}

/** Objects that the stack has excluded: `Deployment.apps/go-coffee/api` of its outputs as `Deployment/api`. */
function excludedFrom({ made, outputs }: RebuiltPlatform): string[] {
  const { leftOut } = fieldsOf(outputs.recoveredPlatform);
  const declared = listOf(leftOut).flatMap((each) => listOf(fieldsOf(each).objects).map(String));
  const names = declared.map((identity) => {
    const parts = identity.split('/');
    return `${parts[0]?.split('.')[0]}/${parts.at(-1)}`;
  });
  return [...made.leftOut.map((text) => text.split(':')[0] ?? ''), ...names];
}

/** With rotated secrets cert-manager reissues certificates, after the rebuild. */
function isReissued({ outputs }: RebuiltPlatform, object: KubeObject): boolean {
  return fieldsOf(outputs.recoverySettings).rotateSecrets === true && object.type === 'kubernetes.io/tls';
}

/** Captured namespace → its name here. A drill has none but its own; it says which objects of others it leaves out. */
function namesHere({ made, outputs, isolated }: RebuiltPlatform, captured: readonly string[]): Map<string, string> {
  const { map } = fieldsOf(outputs.recoverySettings);
  const names = fieldsOf(fieldsOf(map).namespace);
  const services = serviceNamespaces(made.namespaces);
  const all = captured.map((before, i): [string, string] => {
    const mapped = names[before];
    if (typeof mapped === 'string') return [before, mapped];
    const first = i === 0 && services[0] !== undefined && !captured.includes(services[0]);
    return [before, first ? (services[0] ?? before) : before];
  });
  return new Map(all.filter(([, name]) => !isolated || services.includes(name)));
}

/** Of the stores that pods of the stack hold. A part that does not answer is a failed check and not thrown. */
export async function storeChecks({
  cluster,
  made,
  recorded,
  database,
  isolated,
  external = [],
}: Omit<RebuiltPlatform, 'made' | 'outputs' | 'source'> & {
  readonly made: Pick<RebuildPlan, 'namespaces' | 'pin' | 'declaredAt'>;
}): Promise<DataCheck[]> {
  const { platform } = made.namespaces;
  const groups = await Promise.all([
    checksOf('the database answers', async () =>
      external.includes('postgres')
        ? []
        : databaseChecks((statement) => cluster.sql(platform, database, statement), {
            pin: made.pin,
            recorded,
            isolated,
            declaredAt: new Date(made.declaredAt),
            name: database,
          }),
    ),
    checksOf('Redis answers', async () =>
      external.includes('redis') ? [] : redisChecks(cluster, platform, made, recorded),
    ),
  ]);
  return groups.flat();
}

/** A part that does not answer is a failed check and not thrown. */
export async function verifyData(platform: RebuiltPlatform): Promise<DataCheck[]> {
  const { cluster, made, isolated } = platform;
  const { namespaces } = made;
  const groups = await Promise.all([
    storeChecks(platform),
    checksOf('the Kubernetes API answers', async () => {
      let unreadable: string | undefined;
      const captured = await capturedOf(platform).catch((error: unknown) => {
        rethrowBug(error);
        unreadable = asDrError(error, made.pin.repository).fact;
        return undefined;
      });
      const wanted = captured && {
        ...captured,
        objects: captured.objects.filter(({ object }) => !isReissued(platform, object)),
      };
      const here = namesHere(platform, captured?.namespaces ?? []);
      const listed = [...new Set([...allNamespaces(namespaces), ...here.values()])];
      const live = (await Promise.all(listed.map((name) => cluster.objects(name)))).flat();
      const comparison = { excluded: excludedFrom(platform), point: made.pin, unreadable, here };
      return [
        ...objectChecks(wanted, live, comparison),
        ...(isolated ? quarantineChecks(live, allNamespaces(namespaces)) : []),
      ];
    }),
  ]);
  return groups.flat();
}
