/** Pure: the key `storage`. No cluster says where copies should go: what was not named stands as an address that nobody can have. */
import type { Plan } from '../../../plan/types.ts';
import { type Part, remark, section, value } from '../document.ts';
import type { Unanswered } from '../found.ts';

export interface StoragePart {
  readonly part: Part;
  readonly unanswered: readonly Unanswered[];
}

export function storagePart(plan: Plan, endpoints: ReadonlyMap<string, string>): StoragePart {
  const wanted = plan.repositories.filter(({ storage }) => storage === 's3');
  const missing = wanted.filter(({ id }) => !endpoints.has(id)).map(({ id }) => id);
  const unanswered = missing.map((id) => ({
    about: `storage.repositories.${id}`,
    why: 'the cluster does not say where copies should go',
    hint: `name its server: --endpoint ${id}=https://s3.example.com`,
  }));
  const repositories = wanted.map(({ id, region = '', location }) => {
    const endpoint = endpoints.get(id) ?? `https://${id}.invalid`;
    const word = endpoints.has(id) ? 'named by --endpoint' : 'NOT ANSWERED: an address that nobody has';
    return value(id, { endpoint, region, bucket: location }, word);
  });
  const marks = unanswered.map(({ about, why, hint }) =>
    remark(`NOT ANSWERED: ${about}: ${why}`, `  to answer it: ${hint}; then run \`dr setup\` again`),
  );
  return {
    part: section('storage', 'Where the copies go; their keys are secrets (s3Credentials)', [
      value('kind', 's3-compatible', 'two S3 servers; `aws` declares buckets and roles too'),
      ...marks,
      section('repositories', 'Of the plan, in S3', repositories),
    ]),
    unanswered,
  };
}
