/** The stack declares every repository of the plan, in its region, and either the engines or an export writes it. */
import type { PlanRepository } from '../../../plan/types.ts';
import { isUnknown, quoted, textAt } from '../resource.ts';
import type { Breach, PlanLine, Rule, Stack } from '../rule.ts';
import { declaredBuckets } from './bucket-facts.ts';
import { drJobs, environmentRepositories, follows, hasSite } from './job-facts.ts';
import { LINES } from './lines.ts';

function lineOf({ storage, written }: PlanRepository): PlanLine {
  if (written.by === 'export') return LINES.offsite;
  return storage === 's3' ? LINES.s3 : LINES.localStorage;
}

/** A stack that owns any bucket of the plan owns all of them. */
function buckets(stack: Stack): Breach[] {
  const declared = declaredBuckets(stack);
  // In a first preview a name may be unknown, so the bucket's repository is unknown too.
  if (
    declared.every(({ repository }) => repository === undefined) ||
    declared.some(({ bucket }) => bucket === undefined)
  ) {
    return [];
  }
  return stack.plan.repositories
    .filter(({ storage, written }) => storage === 's3' && written.by === 'engines')
    .flatMap(({ id, location, region }): Breach[] => {
      const found = declared.find(({ bucket }) => bucket === location)?.resource;
      const wanted = `wanted bucket ${quoted(location)} in ${quoted(region)}`;
      if (found === undefined) return [{ found: `repository ${id} has no bucket, ${wanted}`, breaks: LINES.regions }];
      const actual = textAt(found.props, 'region');
      if (actual === region || isUnknown(actual)) return [];
      return [
        { resource: found.name, found: `repository ${id} is in ${quoted(actual)}, ${wanted}`, breaks: LINES.regions },
      ];
    });
}

/** Checks the dr.yaml of the jobs. */
function environment(stack: Stack): Breach[] {
  const known = environmentRepositories(stack.resources);
  if (known === undefined || !hasSite(stack)) return [];
  return stack.plan.repositories
    .filter(({ written }) => written.by === 'engines')
    .flatMap((repository): Breach[] => {
      const { id, region } = repository;
      const found = known[id];
      if (found === undefined) {
        const names = Object.keys(known).join(', ') || 'none';
        return [{ found: `repository ${id} is not in the jobs' dr.yaml (${names})`, breaks: lineOf(repository) }];
      }
      if (region === undefined || found.region === region) return [];
      const wrong = `repository ${id} is in ${quoted(found.region)} by the jobs' dr.yaml, wanted ${quoted(region)}`;
      return [{ found: wrong, breaks: LINES.regions }];
    });
}

/** A drive is not checked, because a person runs its export. */
function exported(stack: Stack): Breach[] {
  if (!hasSite(stack)) return [];
  const jobs = drJobs(stack.resources);
  return stack.plan.repositories.flatMap(({ id, written, storage }): Breach[] => {
    if (written.by !== 'export' || storage === 'drive') return [];
    const job = jobs.find((candidate) => candidate.id === id);
    if (job !== undefined && (!job.suspended || follows(stack))) return [];
    const what = job === undefined ? 'has no CronJob that writes it' : 'is not written: its CronJob is suspended';
    return [
      {
        resource: job?.resource,
        found: `repository ${id} ${what}, wanted dr-${id} at "${written.cron}"`,
        breaks: LINES.offsite,
      },
    ];
  });
}

export const repositories: Rule = {
  id: 'repositories',
  over: 'stack',
  holds: 'Every repository of the plan is there, in its region.',
  breaks: LINES.s3,
  check: (stack) => [...buckets(stack), ...environment(stack), ...exported(stack)],
};
