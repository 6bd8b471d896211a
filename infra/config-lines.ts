/** Where a key stands in `Pulumi.<stack>.yaml`. Config may come from elsewhere too (ESC, flags): then there is no line. */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';

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
