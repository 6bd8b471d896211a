/** Names that several stacks use. They are computed, so that no stack has to query another one. */

/** The account and the partition of all resources of a stack. */
export interface Account {
  /** Twelve digits. */
  readonly account: string;
  /** `aws`, `aws-cn`, `aws-us-gov` */
  readonly partition: string;
}

export function breakGlassRoleName(environment: string): string {
  return `go-coffee-dr-${environment}-break-glass`;
}

export function breakGlassRoleArn({ account, partition }: Account, environment: string): string {
  return `arn:${partition}:iam::${account}:role/${breakGlassRoleName(environment)}`;
}

/** The same in both regions. Policies name it instead of a key id, because only the stack that made the key knows the id. */
export function keyAlias(environment: string): string {
  return `alias/go-coffee-dr-${environment}`;
}

export function secretName(environment: string): string {
  return `go-coffee-dr/${environment}`;
}
