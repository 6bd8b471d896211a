import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Workload } from '../../../plan/types.ts';
import type { Site } from '../../config/site.ts';
import { badInput } from '../../core/errors.ts';
import type { ResticCapture } from '../../points/point.ts';
import { nothing } from '../capture.ts';
import { countFolder } from '../folder.ts';
import { checkOciLayouts } from '../images/oci.ts';
import type { RestoreItem } from '../restore-plan.ts';
import { type Check, check, type RestoreContext } from '../restore-step.ts';
import type { Staged } from '../workload.ts';
import { FOLDER_NAMES } from './volume.ts';

export async function stageFolder(site: Site, workload: Workload): Promise<Staged> {
  const path = site.environment.folders[workload.id]?.path ?? '';
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw badInput({
      code: 'FOLDER-MISSING',
      where: `folders.${workload.id}`,
      fact: `${path} is no folder`,
      hint: 'if it was lost, `dr assess` says how to get it back; an empty copy would only hide that',
    });
  }
  const facts = workload.type === 'images' ? await checkOciLayouts(path) : {};
  return { path, facts, exclude: Object.values(FOLDER_NAMES).map((name) => join(path, name)), remove: nothing };
}

/** Files and bytes are those of the capture; what Kubernetes is rebuilt from parses (elsewhere `.yaml` may be a template). */
export async function folderChecks(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const capture = item.capture as ResticCapture;
  const say = (files: number, bytes: number) => `${files} files, ${bytes} bytes`;
  const found = await countFolder(item.destination);
  const facts = { id: `${item.workload}/files`, title: `${item.workload} holds what was captured` };
  const checks = [
    check(item, { ...facts, expected: say(capture.objects, capture.bytes), actual: say(found.files, found.bytes) }),
  ];
  const { group } = context.site.plan.workloads.find((w) => w.id === item.workload) ?? {};
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
