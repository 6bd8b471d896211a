/** Facts about instances, volumes, and the protection from deletion. */
import type { DeclaredResource } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { claimSchema, replicasSchema } from '../objects.ts';

function claims({ type, inputs }: DeclaredResource): Fact[] {
  if (type !== 'kubernetes:core/v1:PersistentVolumeClaim') return [];
  const claim = claimSchema.safeParse(inputs).data;
  if (claim === undefined) return [];
  return [{ area: 'cost', what: `volume ${claim.metadata.name}`, value: claim.spec.resources.requests.storage }];
}

function replicas({ type, inputs }: DeclaredResource): Fact[] {
  const kind = /^kubernetes:apps\/v1:(StatefulSet|Deployment)$/.exec(type)?.[1];
  const found = kind === undefined ? undefined : replicasSchema.safeParse(inputs).data;
  if (found === undefined) return [];
  const { name } = found.metadata;
  return [
    {
      area: 'instances',
      what: `instances of ${name}`,
      value: String(found.spec.replicas),
      worth: found.spec.replicas,
    },
    ...found.spec.volumeClaimTemplates.map(
      ({ metadata, spec }): Fact => ({
        area: 'cost',
        what: `volume ${metadata.name} of ${name}`,
        value: spec.resources.requests.storage,
      }),
    ),
  ];
}

/** For every resource that could be protected: a missing protection matters where it was on before. */
function protection({ urn, protect }: DeclaredResource): Fact[] {
  const name = urn.split('::').at(-1) ?? urn;
  const type = urn.split('::').at(-2)?.split('$').at(-1)?.split(':').at(-1) ?? '';
  if (!/^(Bucket|Key|ReplicaKey|StatefulSet|PersistentVolumeClaim|Namespace)$/.test(type)) return [];
  return [
    {
      area: 'immutability',
      what: `protection of ${type} ${name} from deletion`,
      value: protect ? 'on' : 'off',
      worth: protect ? 1 : 0,
    },
  ];
}

export function sizeFacts(resource: DeclaredResource): Fact[] {
  return [...claims(resource), ...replicas(resource), ...protection(resource)];
}
