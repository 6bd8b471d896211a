/** Facts about instances, volumes, and the protection from deletion. */
import { gigabytes } from '../../../plan/cost/amounts.ts';
import type { DeclaredResource } from '../declared.ts';
import { anchorOf, type Fact } from '../fact.ts';
import { claimSchema, replicasSchema } from '../objects.ts';

/** The API resizes a claim where it is, and never to less. */
function claims({ type, inputs }: DeclaredResource): Fact[] {
  if (type !== 'kubernetes:core/v1:PersistentVolumeClaim') return [];
  const claim = claimSchema.safeParse(inputs).data;
  if (claim === undefined) return [];
  const { storage } = claim.spec.resources.requests;
  return [
    {
      area: 'cost',
      what: `volume ${claim.metadata.name}, resized where it is if its class has allowVolumeExpansion`,
      value: storage,
      worth: gigabytes(storage),
      harm: { store: 'all', says: `volume ${claim.metadata.name} can’t become smaller: the update ends with an error` },
    },
  ];
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

const KEPT =
  /^aws:(s3\/\w+:|kms\/(key|replicaKey|alias):|secretsmanager\/|cloudtrail\/|iam\/)|:(StatefulSet|PersistentVolumeClaim|Namespace|RandomPassword)$/;

/** For every resource that should be protected: a missing protection matters where it was on before. */
function protection({ urn, type: full, protect, retainOnDelete = false }: DeclaredResource): Fact[] {
  const name = urn.split('::').at(-1) ?? urn;
  const type = full.split(':').at(-1) ?? '';
  // A topic's key opens no copy.
  if (!KEPT.test(full) || /-topic-/.test(name)) return [];
  const fact = (what: string, on: boolean, says: string): Fact => ({
    ...{ area: 'immutability', what, value: on ? 'on' : 'off', worth: on ? 1 : 0, of: anchorOf({ urn }) },
    harm: { store: 'all', says: `${says} ${type} ${name}` },
  });
  // Another value of a secret is another version, beside the one before: a protected one would stop the update.
  const replaceable = full === 'aws:secretsmanager/secretVersion:SecretVersion';
  return [
    ...(replaceable
      ? []
      : [fact(`protection of ${type} ${name} from deletion`, protect, 'an update or a `destroy` can remove')]),
    fact(`retainOnDelete of ${type} ${name}`, retainOnDelete, 'removing it from the program also deletes'),
  ];
}

export function sizeFacts(resource: DeclaredResource): Fact[] {
  return [...claims(resource), ...replicas(resource), ...protection(resource)];
}
