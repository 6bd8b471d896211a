/** The CronJobs of a stack that run `dr`, and whether the stack must have them. */
import { parse } from 'yaml';
import { CRON_JOB, type DrJob as DeclaredJob, drJobOf } from '../../../plan/declared/jobs.ts';
import { OBJECTS } from '../../jobs/dr-pod.ts';
import { CONFIG_MAP } from '../effective-plan.ts';
import { isUnknown, ofType, type Resource, textAt } from '../resource.ts';
import type { Stack } from '../rule.ts';
import { isIsolated } from './isolation.ts';

export interface DrJob extends DeclaredJob {
  readonly resource: string;
  /** The plan's id: the object is `dr-<id>`. */
  readonly id: string;
}

export function drJobs(resources: readonly Resource[]): readonly DrJob[] {
  return ofType(resources, CRON_JOB).flatMap(({ name, props }): DrJob[] => {
    const job = drJobOf(props);
    return job?.name.startsWith('dr-') ? [{ ...job, resource: name, id: job.name.slice('dr-'.length) }] : [];
  });
}

function configMap(resources: readonly Resource[], object: string, key: string): string | undefined {
  const found = ofType(resources, CONFIG_MAP).find(({ props }) => textAt(props, 'metadata', 'name') === object);
  return found === undefined ? undefined : textAt(found.props, 'data', key);
}

/** The repositories in the pods' dr.yaml; undefined where it is missing or unknown. */
export function environmentRepositories(
  resources: readonly Resource[],
): Readonly<Record<string, { readonly region?: string; readonly type?: string }>> | undefined {
  const text = configMap(resources, OBJECTS.environment, 'dr.yaml');
  if (text === undefined || isUnknown(text)) return undefined;
  return (
    (parse(text) as { repositories?: Record<string, { region?: string; type?: string }> } | null)?.repositories ?? {}
  );
}

/** True for a stack with a site to back up. A storage stack has no jobs, and a drill's jobs are suspended. */
export function hasSite(stack: Stack): boolean {
  if (isIsolated(stack)) return false;
  const { resources } = stack;
  const site = ofType(resources, CONFIG_MAP).some(
    ({ props }) => textAt(props, 'metadata', 'name') === OBJECTS.environment,
  );
  return site || drJobs(resources).length > 0;
}

const FOLLOWING = /^\s*standby_cluster:/m;

/** True for a standby, which writes no backups before its promotion. Only a standby may suspend its CronJobs. */
export function follows({ resources }: Stack): boolean {
  return ofType(resources, CONFIG_MAP).some(({ props }) => {
    const text = textAt(props, 'data', 'patroni.yml');
    return text !== undefined && (isUnknown(text) || FOLLOWING.test(text));
  });
}
