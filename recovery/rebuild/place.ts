/** Where the repository of a stack's config is, and who may read it: what a target is resolved with. Pure. */
import { z } from 'zod';
import { didYouMean } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import type { PinRequest } from '../points/pin/pin.ts';
import type { Problem } from './secret-values.ts';

const keyPair = z.looseObject({ accessKeyId: z.string(), secretAccessKey: z.string() });
const credentialsSchema = z.record(z.string(), z.looseObject({ restorer: keyPair }));

const place = z.looseObject({
  endpoint: z.string().optional(),
  region: z.string().optional(),
  bucket: z.string().optional(),
  ca: z.string().optional(),
});
const storageSchema = z.looseObject({
  kind: z.enum(['aws', 's3-compatible']),
  deployerRoleArn: z.string().optional(),
  repositories: z.record(z.string(), place).optional(),
});

export type Place = Pick<PinRequest, 'repository' | 'credentials'>;

/** @param values those of the stack's config */
export function placeOf(
  values: Readonly<Record<string, unknown>>,
  plan: Plan,
  id: string,
): { readonly place?: Place; readonly problems: readonly Problem[] } {
  const problem = (where: string, fact: string, hint: string) => ({ problems: [{ where, fact, hint }] });
  const usable = plan.repositories.filter(({ storage, written }) => storage === 's3' && written.by === 'engines');
  const planned = usable.find((repository) => repository.id === id);
  if (planned === undefined) {
    const ids = usable.map((repository) => repository.id);
    const other = plan.repositories.some((repository) => repository.id === id);
    const fact = other
      ? `"${id}" can’t be what a platform begins from: a volume is lost with its cluster, and a dated copy is restored by \`dr restore\``
      : `"${id}" is no repository of the plan.${didYouMean(id, ids)}`;
    return problem('--from', fact, `type one of: ${ids.join(', ')}`);
  }
  const storage = storageSchema.safeParse(values.storage).data;
  if (storage === undefined) return { problems: [] };
  const given = storage.repositories?.[id] ?? {};
  const region = given.region ?? planned.region ?? 'us-east-1';
  const bucket = given.bucket ?? planned.location;
  if (storage.kind === 'aws') {
    const domain = storage.deployerRoleArn?.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const endpoint = `https://s3.${region}.${domain}`;
    const repository = { id, endpoint, region, bucket, uriStyle: 'host' as const };
    return { place: { repository, credentials: 'ambient' }, problems: [] };
  }
  const { endpoint, ca } = given;
  const credentials = credentialsSchema.safeParse(values.s3Credentials).data?.[id]?.restorer;
  if (endpoint === undefined) {
    return problem(`storage.repositories.${id}`, 'has no endpoint', 'name it: --set storage.repositories… or --keys');
  }
  if (credentials === undefined) {
    return problem(
      `s3Credentials.${id}`,
      'nothing here knows the keys of its restorer',
      'name what holds them: --keys FILE --identity FILE, --like STACK, or an environment file',
    );
  }
  const { accessKeyId, secretAccessKey } = credentials;
  const repository = { id, endpoint: endpoint.replace(/\/$/, ''), region, bucket, uriStyle: 'path' as const };
  return {
    place: {
      repository: ca === undefined ? repository : { ...repository, ca },
      credentials: { accessKeyId, secretAccessKey },
    },
    problems: [],
  };
}
