/** Nobody can remove a version from a repository before its retention ends. */
import { at, isUnknown, quoted } from '../resource.ts';
import type { Breach, Rule, Stack } from '../rule.ts';
import { AWS, declaredBuckets, eachSetting } from './bucket-facts.ts';
import { LINES } from './lines.ts';

function unlockable(stack: Stack): Breach[] {
  return declaredBuckets(stack)
    .filter(({ repository }) => repository !== undefined)
    .flatMap(({ resource, bucket }) => {
      const enabled = at(resource.props, 'objectLockEnabled');
      if (enabled === true || isUnknown(enabled)) return [];
      const found = `bucket ${quoted(bucket)} has objectLockEnabled ${quoted(enabled)}, and it can't be switched off again`;
      return [{ resource: resource.name, found: `${found}: wanted true` }];
    });
}

export const objectLock: Rule = {
  id: 'object-lock',
  over: 'stack',
  holds:
    'Every repository of the plan in S3 has Object Lock, in the plan’s mode or a stronger one, for as long as the plan says.',
  breaks: LINES.s3Retention,
  check: (stack) => [
    ...unlockable(stack),
    ...eachSetting(
      stack,
      AWS.lock,
      ({ props }, { bucket, repository }) => {
        const retention = at(props, 'rule', 'defaultRetention');
        if (repository === undefined || isUnknown(retention)) return undefined;
        const { mode, days } = repository.lock;
        const found = { mode: at(retention, 'mode'), days: at(retention, 'days'), years: at(retention, 'years') };
        const declared = (Number(found.days) || 0) + 365 * (Number(found.years) || 0);
        const modeKept = found.mode === 'COMPLIANCE' || found.mode === mode || isUnknown(found.mode);
        if (modeKept && (declared >= days || isUnknown(found.days))) return undefined;
        return `the lock of ${quoted(bucket)} is ${quoted(found.mode)} for ${declared} d, wanted ${mode} for ${days} d`;
      },
      ({ repository }) => repository !== undefined,
    ),
  ],
};
