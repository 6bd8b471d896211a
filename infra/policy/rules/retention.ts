/** Versions below a delete marker stay for as long as the copies of the repository. */
import { at, isUnknown, listAt, quoted } from '../resource.ts';
import type { Rule } from '../rule.ts';
import { AWS, eachSetting } from './bucket-facts.ts';
import { LINES } from './lines.ts';

function daysOf(rule: unknown): number | undefined {
  const days = at(rule, 'noncurrentVersionExpiration', 'noncurrentDays');
  const on = at(rule, 'status') !== 'Disabled';
  return on && typeof days === 'number' && days > 0 ? days : undefined;
}

export const retention: Rule = {
  id: 'retention',
  over: 'stack',
  holds: 'No version of a repository’s object goes before the plan’s retention.',
  breaks: LINES.s3Retention,
  check: (stack) =>
    eachSetting(
      stack,
      AWS.lifecycle,
      ({ props }, { bucket, repository }) => {
        if (repository === undefined || isUnknown(at(props, 'rules'))) return undefined;
        const wanted = Math.max(repository.retentionDays, repository.lock.days);
        const short = listAt(props, 'rules').filter((rule) => (daysOf(rule) ?? wanted) < wanted);
        if (short.length === 0) return undefined;
        const rules = short.map((rule) => `${quoted(at(rule, 'id'))} after ${daysOf(rule)} d`).join(', ');
        return `lifecycle of ${quoted(bucket)} removes noncurrent versions by rule ${rules}, wanted ${wanted} d or more`;
      },
      ({ repository }) => repository !== undefined,
    ),
};
