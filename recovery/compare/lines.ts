/** How two texts differ, line by line, with secrets hidden. Pure. */
import { HIDDEN, shown } from './redact.ts';

const MOST = 8;

/** Lines of `text` that `other` does not have, as often as they are missing there. */
function without(text: readonly string[], other: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of other) left.set(line, (left.get(line) ?? 0) + 1);
  return text.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}

const meaningful = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** `+ new line` and `- old line`, at most eight; hidden ones once. Lines in another order are said. */
export function lineFacts(before: string, after: string): string[] {
  const [old, now] = [meaningful(before), meaningful(after)];
  const marked = [
    ...without(now, old).map((line) => `+ ${shown(line)}`),
    ...without(old, now).map((line) => `- ${shown(line)}`),
  ];
  const facts = [...new Set(marked)].map((line) =>
    line.endsWith(HIDDEN) ? `${line.slice(0, 1)} a line ${HIDDEN}` : line,
  );
  if (facts.length === 0) return old.join('\n') === now.join('\n') ? [] : ['the same lines in another order'];
  return facts.length > MOST ? [...facts.slice(0, MOST), `and ${facts.length - MOST} more lines`] : facts;
}
