/** New values for what the plan calls rotatable, everywhere they are used. Values and what holds them are Pulumi secrets. */
import type * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../plan/types.ts';
import type { KubeObject } from '../../recovery/captured.ts';
import type { SecretValues } from '../config-types.ts';

export type StorePasswords = Pick<SecretValues, 'postgres' | 'redis'>;

export interface RotationArgs {
  readonly plan: Plan;
  /** What is to be declared: selected, mapped, hardened. */
  readonly objects: readonly KubeObject[];
  /** Passwords of the stores before and after. The old ones are known while the program runs. */
  readonly stores: { readonly old: StorePasswords; readonly fresh: pulumi.Output<StorePasswords> };
  /** Host of the capture → host here, for the names in certificates. */
  readonly hosts?: Readonly<Record<string, string>> | undefined;
}

export interface Rotated {
  /** Those given, in their order, but the Secrets that cert-manager issues anew. A text that changed is a secret Output. */
  readonly objects: readonly KubeObject[];
  readonly notes: readonly string[];
}

export type Rotate = (name: string, args: RotationArgs, opts: pulumi.ComponentResourceOptions) => Rotated;
