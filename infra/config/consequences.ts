/** Which problems say only that a key is absent, because it could not be read. Pure. */
import type { ConfigProblem } from './problems.ts';

/** What the rules of a key read besides. */
const READS: readonly { readonly key: string; readonly field?: string; readonly others: readonly string[] }[] = [
  { key: 'externalPasswords', others: ['external'] },
  { key: 'cluster', others: ['kubeconfig'] },
  { key: 'capture', others: ['folders', 'git', 'volumes'] },
  { key: 'volumes', field: 'namespace', others: ['namespaces'] },
];

/**
 * A key that could not be read is absent for the rules. What they say of it, or of another key because of it, is not so, and its hint would
 * lead astray. @param unread the problems of keys that could not be read
 */
export function withoutConsequences(
  rules: readonly ConfigProblem[],
  unread: readonly ConfigProblem[],
): readonly ConfigProblem[] {
  const broken = new Set(unread.map(({ path }) => String(path[0])));
  return rules.filter(({ path }) => {
    const [key, , field] = path.map(String);
    const reads = READS.filter((each) => each.key === key && (each.field === undefined || each.field === field));
    return !broken.has(String(key)) && !reads.some(({ others }) => others.some((other) => broken.has(other)));
  });
}
