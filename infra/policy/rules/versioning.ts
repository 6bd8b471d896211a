/** Without versioning, deletions and overwrites are final, and Object Lock is impossible. */
import { at, has, quoted } from '../resource.ts';
import type { Rule } from '../rule.ts';
import { AWS, eachSetting } from './bucket-facts.ts';
import { LINES } from './lines.ts';

export const versioning: Rule = {
  id: 'versioning',
  over: 'stack',
  holds: 'Every bucket keeps the versions of its objects.',
  breaks: LINES.s3Retention,
  check: (stack) =>
    eachSetting(stack, AWS.versioning, ({ props }, { bucket }) => {
      const status = ['versioningConfiguration', 'status'];
      return has(props, status, 'Enabled')
        ? undefined
        : `versioning of ${quoted(bucket)} is ${quoted(at(props, ...status))}, wanted "Enabled"`;
    }),
};
