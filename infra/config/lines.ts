/** The line of a key in `Pulumi.<stack>.yaml`. Config from elsewhere (ESC, flags) has no line. */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { ConfigProblem } from './problems.ts';

export interface StackFile {
  readonly name: string;
  readonly text: string;
}

/** ` (Pulumi.production.yaml, line 12)` for the key, or for the nearest key around it; empty where neither is in the file. */
export function lineFinder(file: StackFile | undefined, project: string): (path: readonly PropertyKey[]) => string {
  if (file === undefined) return () => '';
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, prettyErrors: false });
  return ([first, ...rest]) => {
    for (let depth = rest.length; depth >= 0; depth -= 1) {
      const path = ['config', `${project}:${String(first)}`, ...rest.slice(0, depth)];
      const parent = document.getIn(path.slice(0, -1), true);
      const key = isMap(parent)
        ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === path.at(-1))?.key
        : undefined;
      const offset = isScalar(key) ? key.range?.[0] : undefined;
      if (offset !== undefined) return ` (${file.name}, line ${lines.linePos(offset).line})`;
    }
    return '';
  };
}

/** Keys that occur twice: one of the two values would be lost silently. Pulumi reports other faults of the file. */
export function doubledKeys(file: StackFile | undefined, project: string): ConfigProblem[] {
  if (file === undefined) return [];
  const lines = new LineCounter();
  const { errors } = parseDocument(file.text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  return errors
    .filter(({ code }) => code === 'DUPLICATE_KEY')
    .map(({ pos: [start] }) => {
      const key = (/^[\w.:-]+(?=\s*:)/.exec(file.text.slice(start))?.[0] ?? '').replace(`${project}:`, '');
      const fact = `occurs a second time (${file.name}, line ${lines.linePos(start).line})`;
      return { path: [key], fact, hint: 'keep one of them' };
    });
}
