/** What a stack declares, out of a `pulumi preview --json` or a `pulumi stack export`. */

export interface DeclaredResource {
  readonly urn: string;
  /** `kubernetes:batch/v1:CronJob` */
  readonly type: string;
  /** Secrets stand in it as `[secret]` or as an object with a signature, what only the update knows as UNKNOWN. */
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

/** A text that only the update will know (pkg/resource/plugin/rpc.go, `UnknownStringValue`). */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** `production` of `urn:pulumi:production::go-coffee-dr::…` */
export function stackOf(urn: string): string | undefined {
  return /^urn:pulumi:([^:]+)::/.exec(urn)?.[1];
}
