/** Where a key stands in `Pulumi.<stack>.yaml`. Config may come from elsewhere too (ESC, flags): then there is no line. */
import { parseYaml } from '../../plan/input/yaml-text.ts';
import type { ConfigProblem } from './problems.ts';

export interface StackFile {
  readonly name: string;
  readonly text: string;
}

/** ` (Pulumi.production.yaml, line 12)` for the key, or for the nearest key around it; empty where neither is in the file. */
export function lineFinder(file: StackFile | undefined, project: string): (path: readonly PropertyKey[]) => string {
  if (file === undefined) return () => '';
  const yaml = parseYaml(file.text);
  return ([first, ...rest]) => {
    const key = ['config', `${project}:${String(first)}`];
    const line = yaml.has(key) ? yaml.lineOfKey([...key, ...rest]) : undefined;
    return line === undefined ? '' : ` (${file.name}, line ${line})`;
  };
}

/** Keys that occur twice: one of the two values would be lost silently. Pulumi reports other faults of the file. */
export function doubledKeys(file: StackFile | undefined, project: string): ConfigProblem[] {
  if (file === undefined) return [];
  return parseYaml(file.text).problems.flatMap(({ doubled, line }) => {
    if (doubled === undefined) return [];
    const fact = `occurs a second time (${file.name}, line ${line})`;
    return [{ path: [doubled.replace(`${project}:`, '')], fact, hint: 'keep one of them' }];
  });
}
