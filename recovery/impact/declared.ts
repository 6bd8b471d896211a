/** The resources of a stack, from a `pulumi preview --json` or a `pulumi stack export`. */

export interface DeclaredResource {
  readonly urn: string;
  /** `kubernetes:batch/v1:CronJob` */
  readonly type: string;
  /** A secret is `[secret]` or an object with a signature; for what only the update knows see plan/declared/values.ts. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  /** It outlives its removal from the program. @default false */
  readonly retainOnDelete?: boolean | undefined;
  /** The update deletes it and makes another one. @default false */
  readonly replaced?: boolean | undefined;
}

export interface Declared {
  readonly stack: string;
  readonly resources: readonly DeclaredResource[];
}

export interface BeforeAndAfter {
  readonly before: Declared;
  readonly after: Declared;
}

/** `production` of `urn:pulumi:production::go-coffee-dr::…` */
export function stackOf(urn: string): string | undefined {
  return /^urn:pulumi:([^:]+)::/.exec(urn)?.[1];
}

/** Pulumi's name: `aws-storage-primary`. */
export function nameOf({ urn }: Pick<DeclaredResource, 'urn'>): string {
  return urn.split('::').at(-1) ?? urn;
}

/** `Key` of `aws:kms/key:Key` */
export function kindOf({ type }: Pick<DeclaredResource, 'type'>): string {
  return type.split(':').at(-1) ?? type;
}
