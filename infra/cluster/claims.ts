/**
 * The claims of a StatefulSet's members. Its template can't be changed, and a set that is replaced is a store that is gone. So the claims are
 * declared beside it: the controller finds them by their names, a larger size is an update of theirs, and a new member begins with it too.
 */
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import { labelsOf } from './labels.ts';

export interface ClaimSpec {
  /** Of the volume in the pods: `data`. */
  readonly volume: string;
  readonly storage: string;
  /** @default the cluster's default class */
  readonly storageClass?: string | undefined;
}

export interface ClaimsArgs {
  /** Of the StatefulSet. */
  readonly set: string;
  readonly namespace: string;
  readonly members: number;
  /** A new generation begins with new volumes of the same names. */
  readonly generation: number;
  readonly claims: readonly ClaimSpec[];
  /** Of a drill: they go with it. @default false */
  readonly isolated?: boolean | undefined;
}

const specOf = ({ storage, storageClass }: ClaimSpec) => ({
  accessModes: ['ReadWriteOnce'],
  ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
  resources: { requests: { storage } },
});

/** Pure: of the StatefulSet. It makes a claim only where somebody has deleted the declared one. */
export const claimTemplates = (claims: readonly ClaimSpec[]) =>
  claims.map((claim) => ({ metadata: { name: claim.volume }, spec: specOf(claim) }));

/** Paths of a StatefulSet that keep what they were at its first `up`: the API refuses to change them. */
export const keptSizes = (claims: readonly ClaimSpec[]): string[] =>
  claims.map((_, n) => `spec.volumeClaimTemplates[${n}].spec.resources.requests.storage`);

/** @param shared takes over claims that the controller has made: stacks of earlier versions declared none */
export function declareClaims(
  name: string,
  { set, namespace, members, generation, claims, isolated = false }: ClaimsArgs,
  opts: pulumi.CustomResourceOptions & { readonly provider: k8s.Provider },
): k8s.core.v1.PersistentVolumeClaim[] {
  return claims.flatMap((claim) =>
    Array.from({ length: members }, (_, member) => {
      const object = `${claim.volume}-${set}-${member}`;
      return new k8s.core.v1.PersistentVolumeClaim(
        `${name}-${generation}-${claim.volume}-${member}`,
        {
          metadata: {
            name: object,
            namespace,
            labels: labelsOf(set),
            annotations: {
              // Most classes bind when the pod is there, which comes later.
              'pulumi.com/skipAwait': 'true',
              // The controller decides the size of a claim that it has made.
              'pulumi.com/patchForce': 'true',
            },
          },
          spec: specOf(claim),
        },
        // Fewer members, or the next generation, must not delete what is on it. A protected one would stop that `up`.
        { ...opts, retainOnDelete: !isolated },
      );
    }),
  );
}
