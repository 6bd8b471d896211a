/** Where a key stands in `Pulumi.<stack>.yaml`. Config may come from elsewhere too (ESC, flags): then there is no line. */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { ConfigProblem } from './problems.ts';

export interface StackFile {
  readonly name: string;
  readonly text: string;
}

/** ` (Pulumi.production.yaml, line 12)` of the key, or of the nearest one around it; empty where nothing is found. */
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

/** Keys that stand there twice: of two values one would be lost without a word. Other faults of the file are the engine's to say. */
export function doubledKeys(file: StackFile | undefined, project: string): ConfigProblem[] {
  if (file === undefined) return [];
  const lines = new LineCounter();
  const { errors } = parseDocument(file.text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  return errors
    .filter(({ code }) => code === 'DUPLICATE_KEY')
    .map(({ pos: [start] }) => {
      const key = (/^[\w.:-]+(?=\s*:)/.exec(file.text.slice(start))?.[0] ?? '').replace(`${project}:`, '');
      const fact = `stands there a second time (${file.name}, line ${lines.linePos(start).line})`;
      return { path: [key], fact, hint: 'keep one of the two' };
    });
}
