/** ACL users in the captured files of two copies of Redis. Pure. Passwords and their hashes are compared and never printed. */
import { compareItems } from '../../workloads/difference.ts';
import { shown } from '../redact.ts';
import type { Change } from '../types.ts';

/** `>password`, `#hash`, and their removals. */
const PASSWORD = /^[><#!]/;

/** User → words of its rules, from lines `user NAME …` of ACL files and configuration files. The last line counts. */
export function usersIn(texts: readonly string[]): Map<string, string[]> {
  const lines = texts.flatMap((text) => text.split('\n'));
  return new Map(
    lines.flatMap((line) => {
      const [word, name, ...rules] = line.trim().split(/\s+/);
      return word?.toLowerCase() === 'user' && name !== undefined ? [[name, rules] as const] : [];
    }),
  );
}

const rulesOf = (words: readonly string[]): string[] =>
  words.filter((word) => !PASSWORD.test(word) && word !== 'sanitize-payload');
const passwordsOf = (words: readonly string[]): string =>
  words
    .filter((word) => PASSWORD.test(word))
    .sort()
    .join(' ');

function changedFacts(old: readonly string[], now: readonly string[]): string[] {
  const [before, after] = [rulesOf(old).join(' '), rulesOf(now).join(' ')];
  return [
    ...(before === after ? [] : [`${shown(before)} → ${shown(after)}`]),
    ...(passwordsOf(old) === passwordsOf(now) ? [] : ['password changed']),
  ];
}

export function compareUsers(before: ReadonlyMap<string, string[]>, after: ReadonlyMap<string, string[]>): Change[] {
  const texts = (users: ReadonlyMap<string, string[]>) =>
    new Map([...users].map(([name, words]) => [name, words.join(' ')]));
  return compareItems(texts(before), texts(after)).map(({ item, kind }): Change => {
    const [old = [], now = []] = [before.get(item), after.get(item)];
    const common = { what: 'Redis user', name: item };
    if (kind === 'missing') return { ...common, kind: 'removed', rank: 'access', facts: [] };
    const facts = kind === 'added' ? [shown(rulesOf(now).join(' '))] : changedFacts(old, now);
    return { ...common, kind, rank: 'foothold', facts };
  });
}

const IN_NO_FILE = /^ACL users that stand in no file[^:]*: (.*)$/;

/** Users that the server knew and no file held, from what the copy says it lacks. */
export function usersInNoFile(notCopied: readonly string[]): string[] {
  return notCopied.flatMap((line) => IN_NO_FILE.exec(line)?.[1]?.split(', ') ?? []);
}
