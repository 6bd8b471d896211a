/** Is a restored folder what was captured. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Site } from '../../config/site.ts';
import { countFolder } from '../folder.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';

/** Files and bytes are those of the capture. YAML of the infrastructure parses; elsewhere `.yaml` may be a template. */
export async function folderChecks(site: Site, item: SnapshotItem): Promise<Check[]> {
  const { capture } = item;
  const say = (files: number, bytes: number) => `${files} files, ${bytes} bytes`;
  const found = await countFolder(item.destination);
  const facts = { id: `${item.workload}/files`, title: `${item.workload} holds what was captured` };
  const checks = [
    check(item, { ...facts, expected: say(capture.objects, capture.bytes), actual: say(found.files, found.bytes) }),
  ];
  const { group } = site.plan.workloads.find((w) => w.id === item.workload) ?? {};
  if (group !== 'infrastructure') return checks;
  const entries = await readdir(item.destination, { withFileTypes: true, recursive: true });
  const documents = entries.filter((e) => e.isFile() && /\.ya?ml$/.test(e.name)).map((e) => join(e.parentPath, e.name));
  if (documents.length === 0) return checks;
  const bad: string[] = [];
  for (const path of documents) {
    const parsed = parseAllDocuments(await readFile(path, 'utf8'));
    if (Array.isArray(parsed) && parsed.some((d) => d.errors.length > 0)) bad.push(path);
  }
  const yaml = {
    id: `${item.workload}/yaml`,
    title: `${item.workload}: YAML files parse`,
    expected: `${documents.length} good`,
  };
  return [
    ...checks,
    check(item, { ...yaml, actual: bad.length === 0 ? `${documents.length} good` : `bad: ${bad.join(', ')}` }),
  ];
}
