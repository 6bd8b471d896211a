/** Every bucket is encrypted with AES-256: repositories with the platform's own KMS key, log buckets also with S3's key. */
import { at, isUnknown, listAt, quoted } from '../resource.ts';
import type { Rule } from '../rule.ts';
import { AWS, eachSetting } from './bucket-facts.ts';
import { LINES } from './lines.ts';

export const encryption: Rule = {
  id: 'encryption',
  over: 'stack',
  holds: 'Every bucket is encrypted, a repository’s with the platform’s own KMS key.',
  breaks: LINES.encryption,
  check: (stack) =>
    eachSetting(stack, AWS.encryption, ({ props }, { bucket, repository }) => {
      const [rule] = listAt(props, 'rules');
      const defaults = at(rule, 'applyServerSideEncryptionByDefault');
      if (isUnknown(at(props, 'rules')) || isUnknown(defaults)) return undefined;
      const algorithm = at(defaults, 'sseAlgorithm');
      const key = at(defaults, 'kmsMasterKeyId');
      const wanted = repository === undefined ? ['AES256', 'aws:kms', 'aws:kms:dsse'] : ['aws:kms', 'aws:kms:dsse'];
      if (!isUnknown(algorithm) && !wanted.includes(String(algorithm))) {
        return `encryption of ${quoted(bucket)} is ${quoted(algorithm)}, wanted "${wanted.join('" or "')}"`;
      }
      if (repository !== undefined && (key === undefined || key === '')) {
        return `encryption of ${quoted(bucket)} names no key, and AWS would use its own`;
      }
      return undefined;
    }),
};
