/** What an isolation leaves in a namespace, and how objects were before: a copy that is taken meanwhile must hold that. */
import { isRecord, parseJson } from '../../core/json.ts';

/** The policy that denies everything, and the quota by which no pod starts. */
export const ISOLATION = 'dr-isolation';
/** On a NetworkPolicy that an isolation closed: its spec before, as JSON. */
export const POLICY_BEFORE = 'go-coffee-dr/policy-before-isolation';
/** On the quota: what the database was before, as JSON. */
export const DATABASE_BEFORE = 'go-coffee-dr/database-before-isolation';

/** Undefined where the annotation is no spec. */
export function specBefore(annotation: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const json = annotation === undefined ? undefined : parseJson(annotation);
  return isRecord(json) ? json : undefined;
}
