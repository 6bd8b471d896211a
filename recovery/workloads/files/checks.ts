/** Is a restored folder what was captured. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { Workload } from '../../../plan/types.ts';
import type { Site } from '../../config/site.ts';
import type { CaptureFacts } from '../../points/point.ts';
import { plural } from '../../report/format.ts';
import { countFolder, dataBelow } from '../lay-down.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';

interface Documents {
  readonly count: number;
  /** Paths in the folder of those that do not parse, sorted. */
  readonly bad: readonly string[];
}

async function yamlBelow(folder: string): Promise<Documents> {
  let count = 0;
  const bad: string[] = [];
  for await (const { path, relative, kind } of dataBelow(folder)) {
    if (kind !== 'file' || !/\.ya?ml$/.test(relative.toString())) continue;
    count += 1;
    const parsed = parseAllDocuments(await readFile(path, 'utf8'));
    if (Array.isArray(parsed) && parsed.some((document) => document.errors.length > 0)) bad.push(relative.toString());
  }
  return { count, bad: bad.sort() };
}

/** Which YAML of the infrastructure does not parse: a template of Helm is none, and comes back as it was. */
export async function yamlFacts({ group }: Pick<Workload, 'group'>, folder: string): Promise<CaptureFacts> {
  return group === 'infrastructure' ? { yamlUnparsed: (await yamlBelow(folder)).bad.join('\n') } : {};
}

/** Files and bytes are those of the capture, and YAML of the infrastructure parses where it did then. */
export async function folderChecks(site: Site, item: SnapshotItem): Promise<Check[]> {
  const { capture } = item;
  const say = (files: number, bytes: number) => `${plural(files, 'file')}, ${bytes} bytes`;
  const found = await countFolder(item.destination);
  const facts = { id: `${item.workload}/files`, title: `${item.workload} holds what was captured` };
  const checks = [
    check(item, { ...facts, expected: say(capture.objects, capture.bytes), actual: say(found.files, found.bytes) }),
  ];
  const { group } = site.plan.workloads.find((w) => w.id === item.workload) ?? {};
  if (group !== 'infrastructure') return checks;
  const { count, bad } = await yamlBelow(item.destination);
  if (count === 0) return checks;
  const { yamlUnparsed } = capture.facts;
  // Points of earlier versions don't tell: what does not parse may never have.
  const badThen = typeof yamlUnparsed === 'string' ? yamlUnparsed.split('\n') : bad;
  const broken = bad.filter((path) => !badThen.includes(path));
  const good = `${count - bad.length + broken.length} good`;
  const yaml = { id: `${item.workload}/yaml`, title: `${item.workload}: YAML files parse as they did`, expected: good };
  return [...checks, check(item, { ...yaml, actual: broken.length === 0 ? good : `bad: ${broken.join(', ')}` })];
}
