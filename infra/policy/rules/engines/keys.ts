/** What every copy depends on stays readable: the engines encrypt, and keys and passphrases can't be ended in a hurry. */
import { at, isUnknown, ofType, quoted, type Resource } from '../../resource.ts';
import type { Breach, Rule } from '../../rule.ts';
import { LINES } from '../lines.ts';
import { filesOf } from './archiving.ts';

/** KMS' and Secrets Manager's longest: the time in which somebody may notice. */
const LONGEST = 30;

function window(resource: Resource, field: string, what: string): Breach[] {
  const days = at(resource.props, field) ?? LONGEST;
  if (isUnknown(days) || (typeof days === 'number' && days >= LONGEST)) return [];
  return [
    { resource: resource.name, found: `${what} can be gone ${quoted(days)} d after its deletion, wanted ${LONGEST} d` },
  ];
}

/** Keys of topics open no copy. */
const isOfCopies = ({ name }: Resource): boolean => !/-topic-/.test(name);

function plain(resources: readonly Resource[]): Breach[] {
  return filesOf(resources).flatMap(({ resource, name, text }) => {
    const found = [...text.matchAll(/^\s*(repo\d+-cipher-type)\s*=\s*none\s*$/gm)].map(([, option]) => option);
    return found.map((option) => ({ resource, found: `${name} has ${option}=none`, breaks: LINES.encryption }));
  });
}

export const keys: Rule = {
  id: 'keys',
  over: 'stack',
  holds: 'Copies are encrypted, and their keys and passphrases can’t be ended in a hurry.',
  breaks: LINES.breach,
  check: ({ resources }) => [
    ...ofType(resources, 'aws:kms/key:Key', 'aws:kms/replicaKey:ReplicaKey')
      .filter(isOfCopies)
      .flatMap((key) => window(key, 'deletionWindowInDays', 'the key of the copies')),
    ...ofType(resources, 'aws:secretsmanager/secret:Secret').flatMap((secret) =>
      window(secret, 'recoveryWindowInDays', 'the secret with the passphrases'),
    ),
    ...plain(resources),
  ],
};
