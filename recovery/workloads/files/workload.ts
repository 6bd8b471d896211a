/** A folder of the environment file. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { badInput } from '../../core/errors.ts';
import { followLinks, surveyLinks } from '../../core/links.ts';
import { notCopiedFacts } from '../../points/not-copied.ts';
import { nothing } from '../capture.ts';
import { folderType } from '../folder.ts';
import { OWN_PREFIX } from '../lay-down.ts';
import { longestPathFacts, longPathWarning } from '../long-paths.ts';
import type { SeedVolume, Staged, WorkloadType } from '../workload.ts';
import { folderChecks, yamlFacts } from './checks.ts';
import { documentProblems, inspectFolder } from './inspect.ts';
import { folderVolume } from './volume.ts';

/** restic takes an exclusion for a pattern. */
function literally(path: string): string {
  return path.replaceAll(/[\\*?[]/g, '\\$&');
}

/**
 * The folder that holds the data, wherever a link leads: restic reads it in place. Throws `FOLDER-MISSING` and `FOLDER-ELSEWHERE` (exit 2):
 * a copy without a file would hide that the data is somewhere else.
 */
export async function captureFolder(site: Site, workload: Workload): Promise<Staged> {
  const configured = folderOf(site, workload);
  const where = `folders.${workload.id}`;
  const path = await followLinks(configured);
  const named = path === configured ? path : `${configured} leads to ${path}, which`;
  const found = await stat(path).catch(ifAbsent(undefined));
  if (!found?.isDirectory()) {
    throw badInput({
      code: 'FOLDER-MISSING',
      where,
      fact: `${named} is not a folder`,
      hint: 'if it was lost, `dr assess` says how to get it back; an empty copy would only hide that',
    });
  }
  const { files: own, out, longest } = await surveyLinks(path);
  const lines = out.map(({ link, target }) => `${link} leads out of the folder to ${target}`);
  if (own === 0 && out.length > 0) {
    throw badInput({
      code: 'FOLDER-ELSEWHERE',
      where,
      fact: `${named} holds no file of its own; its data is elsewhere:\n${lines.slice(0, SHOWN).join('\n')}`,
      hint: `name the folder that holds the data: ${where}.path: ${out[0]?.target}`,
    });
  }
  const warning = longPathWarning(path, longest);
  if (warning !== undefined) site.log.warn({ workload: workload.id }, warning);
  const facts = {
    ...longestPathFacts(longest),
    ...(path === configured ? {} : { linkedFrom: configured }),
    ...notCopiedFacts(lines),
  };
  return { path, facts, exclude: [`${literally(path)}/${OWN_PREFIX}*`], remove: nothing };
}

const SHOWN = 5;

/** Throws `WORKLOAD-UNCONFIGURED` (exit 2). */
export function folderOf({ environment }: Site, { id }: Workload): string {
  const path = environment.folders[id]?.path;
  if (path !== undefined) return path;
  throw badInput({
    code: 'WORKLOAD-UNCONFIGURED',
    where: id,
    fact: 'the environment file does not say where its folder is',
    hint: `add folders.${id} to the environment file, or choose other workloads with --only`,
  });
}

function volume(site: Site, workload: Workload, into: string | undefined): SeedVolume {
  const folder = into === undefined ? site.environment.folders[workload.id]?.path : resolve(into);
  if (folder !== undefined) return folderVolume(folder, `folders.${workload.id} of the environment file, or --into`);
  throw badInput({
    code: 'WORKLOAD-UNCONFIGURED',
    where: workload.id,
    fact: 'the environment file does not say where its folder is',
    hint: `add folders.${workload.id}, or name the folder with --into`,
  });
}

export const files: WorkloadType = {
  ...folderType(folderChecks),
  async capture(site, workload) {
    const staged = await captureFolder(site, workload);
    return { ...staged, facts: { ...staged.facts, ...(await yamlFacts(workload, staged.path)) } };
  },
  destination: folderOf,
  volume,
  async inspect({ environment }, workload, before) {
    const path = environment.folders[workload.id]?.path;
    return path === undefined ? [] : [await inspectFolder({ workload, path, before }, documentProblems)];
  },
};
