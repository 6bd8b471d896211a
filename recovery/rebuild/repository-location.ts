/** Location and reader's credentials of a repository, from a stack's config: what resolving a target needs. Pure. */
import { z } from 'zod';
import { didYouMean } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import type { RepositoryAccess } from '../points/resolved/resolved-point.ts';
import type { InputProblem } from './secret-values.ts';

const keyPair = z.looseObject({ accessKeyId: z.string(), secretAccessKey: z.string() });
const credentialsSchema = z.record(z.string(), z.looseObject({ restorer: keyPair }));

const given = z.looseObject({
  endpoint: z.string().optional(),
  region: z.string().optional(),
  bucket: z.string().optional(),
  ca: z.string().optional(),
});
const storageSchema = z.looseObject({
  kind: z.enum(['aws', 's3-compatible']),
  deployerRoleArn: z.string().optional(),
  repositories: z.record(z.string(), given).optional(),
  offsite: given.optional(),
});

type Values = Readonly<Record<string, unknown>>;

interface Located {
  readonly location?: RepositoryAccess;
  readonly problems: readonly InputProblem[];
}

const problem = (where: string, fact: string, hint: string): Located => ({ problems: [{ where, fact, hint }] });

/** @param values of the stack's config */
export function locateRepository(values: Values, plan: Plan, id: string): Located {
  const usable = plan.repositories.filter(({ storage, written }) => storage === 's3' && written.by === 'engines');
  const planned = usable.find((repository) => repository.id === id);
  if (planned !== undefined) return located(values, planned);
  const ids = usable.map((repository) => repository.id);
  const other = plan.repositories.some((repository) => repository.id === id);
  const fact = other
    ? `a platform can’t be rebuilt from "${id}": a volume is lost with its cluster, and an off-site copy is restored by \`dr restore\``
    : `the plan has no repository "${id}".${didYouMean(id, ids)}`;
  return problem('--from', fact, `type one of: ${ids.join(', ')}`);
}

/** The other buckets of the plan, whose marks count too; and those that the config does not say enough of to ask them. */
export function locateOthers(
  values: Values,
  plan: Plan,
  id: string,
): { readonly others: readonly RepositoryAccess[]; readonly unasked: readonly string[] } {
  const others: RepositoryAccess[] = [];
  const unasked: string[] = [];
  for (const planned of plan.repositories) {
    if (planned.id === id || planned.storage !== 's3') continue;
    const { location } = located(values, planned);
    if (location === undefined) unasked.push(planned.id);
    else others.push(location);
  }
  return { others, unasked };
}

function located(
  values: Values,
  { id, region: planned, location: named, written }: Plan['repositories'][number],
): Located {
  const storage = storageSchema.safeParse(values.storage).data;
  if (storage === undefined) return { problems: [] };
  // On AWS the off-site copy alone is a bucket of somebody else.
  const isOffsite = storage.kind === 'aws' && written.by === 'export';
  const configured = (isOffsite ? storage.offsite : storage.repositories?.[id]) ?? {};
  const region = configured.region ?? planned ?? 'us-east-1';
  const bucket = configured.bucket ?? named;
  if (storage.kind === 'aws' && !isOffsite) {
    const domain = storage.deployerRoleArn?.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const endpoint = `https://s3.${region}.${domain}`;
    const repository = { id, endpoint, region, bucket, uriStyle: 'host' as const };
    return { location: { repository, credentials: 'ambient' }, problems: [] };
  }
  const { endpoint, ca } = configured;
  const credentials = credentialsSchema.safeParse(values.s3Credentials).data?.[id]?.restorer;
  if (endpoint === undefined) {
    return problem(
      `storage.repositories.${id}`,
      'has no endpoint',
      `type --set storage.repositories.${id}.endpoint=URL, or --keys FILE`,
    );
  }
  if (credentials === undefined) {
    return problem(
      `s3Credentials.${id}`,
      'the restorer’s keys are missing',
      'take them from --keys FILE --identity FILE, --like STACK, or an environment file',
    );
  }
  const { accessKeyId, secretAccessKey } = credentials;
  const repository = { id, endpoint: endpoint.replace(/\/$/, ''), region, bucket, uriStyle: 'path' as const };
  return {
    location: {
      repository: ca === undefined ? repository : { ...repository, ca },
      credentials: { accessKeyId, secretAccessKey },
    },
    problems: [],
  };
}
