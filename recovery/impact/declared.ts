/** The resources of a stack, from a `pulumi preview --json` or a `pulumi stack export`. */

export interface DeclaredResource {
  readonly urn: string;
  /** `kubernetes:batch/v1:CronJob` */
  readonly type: string;
  /** A secret is `[secret]` or an object with a signature; for what only the update knows see plan/declared/values.ts. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
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
