/** Mirrors of the git repositories. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import type { Environment } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThere, isThereSync } from '../../core/absent.ts';
import { DrError } from '../../core/errors.ts';
import type { Run } from '../../core/process.ts';
import { nothing } from '../capture.ts';
import { folderType } from '../folder.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';
import type { DiskNeed, FolderFinding, WorkloadType } from '../workload.ts';
import { countLfs } from './lfs.ts';
import { alternatesOf, mirrorRepositories, mirrorsFolder } from './mirrors.ts';
import { countOf, digestOfRefs, GIT_ENV, mainOf, readRefs } from './refs.ts';
import { restoreGit } from './restore.ts';
import { localFolder } from './source.ts';

/** The sources of the mirrors: only one on this machine can be lost with it. */
export function inspectGit(workload: Workload, sources: readonly { name: string; url: string }[]): FolderFinding[] {
  return sources
    .filter(({ url }) => url.startsWith('/') || url.startsWith('file://'))
    .map(({ name, url }) => {
      const path = url.replace(/^file:\/\//, '');
      const there = isThereSync(join(path, 'HEAD')) || isThereSync(join(path, '.git', 'HEAD'));
      const state = there ? 'well' : isThereSync(path) ? 'damaged' : 'missing';
      const fact = there ? 'is a git repository' : isThereSync(path) ? 'is not a git repository' : 'does not exist';
      return { workload: workload.id, path, state, facts: [`${name}: ${path} ${fact}`] };
    });
}

/** All refs where the capture has their digest. An earlier version's has only `main`, or else the number of refs. */
function refsCheck(facts: SnapshotItem['capture']['facts'], name: string, refs: string) {
  const [digest, main] = [facts[`digest/${name}`], facts[`main/${name}`]];
  const shown = { id: `git/${name}` };
  if (typeof digest === 'string') {
    return { ...shown, title: `refs of ${name}`, expected: digest, actual: digestOfRefs(refs) };
  }
  if (typeof main === 'string' && main !== '') {
    return { ...shown, title: `main of ${name}`, expected: main, actual: mainOf(refs) ?? 'no main' };
  }
  return {
    ...shown,
    title: `number of refs of ${name}`,
    expected: String(facts[`refs/${name}`]),
    actual: String(countOf(refs)),
  };
}

async function gitChecks({ run }: Site, item: SnapshotItem): Promise<Check[]> {
  const { facts } = item.capture;
  const names = Object.keys(facts).flatMap((key) => (key.startsWith('main/') ? [key.slice(5)] : []));
  const counted = {
    id: 'git/repositories',
    title: 'every repository of the capture is compared',
    expected: String(facts.repositories),
    actual: String(names.length),
  };
  const checks = names.map(async (name) => {
    const folder = join(item.destination, `${name}.git`);
    try {
      await run(['git', '-C', folder, 'fsck', '--connectivity-only', '--no-progress'], { env: GIT_ENV });
      return check(item, refsCheck(facts, name, await readRefs(run, folder)));
    } catch (error) {
      if (!(error instanceof DrError) || error.code !== 'ENGINE-FAILED') throw error;
      return check(item, { ...refsCheck(facts, name, ''), actual: error.fact, ok: false });
    }
  });
  const beside = names.map((name) => selfContained(run, item, name));
  return [check(item, counted), ...(await Promise.all(checks)), ...(await Promise.all(beside)).flat()];
}

/** A mirror that borrows objects, or only points to them, would be proven by what is not in the copy. */
async function selfContained(run: Run, item: SnapshotItem, name: string): Promise<Check[]> {
  const folder = join(item.destination, `${name}.git`);
  const borrowed = await isThere(alternatesOf(folder));
  const lender = borrowed ? (await readFile(alternatesOf(folder), 'utf8')).trim() : 'nothing';
  const borrows = { id: `git/${name}/alternates`, title: `${name} borrows objects from` };
  const lends = borrowed ? [check(item, { ...borrows, expected: 'nothing', actual: lender })] : [];
  const then = item.capture.facts[`lfs/${name}`];
  if (typeof then !== 'number') return lends;
  const lfs = { id: `git/${name}/lfs`, title: `objects of git LFS of ${name} are whole`, expected: String(then) };
  return [...lends, check(item, { ...lfs, actual: String(await countLfs(run, folder)) })];
}

/** The mirrors, and the repositories of this host that have to be made again. */
async function gitNeeds({ git: settings }: Environment, item: SnapshotItem): Promise<DiskNeed[]> {
  const made = (settings?.repositories ?? []).flatMap(({ url }) => localFolder(url) ?? []);
  return [item.destination, ...made].map((path) => ({ path, bytes: item.capture.bytes }));
}

export const git: WorkloadType = {
  ...folderType(gitChecks),
  engines: ['restic', 'git'],
  servicesKeepRunning: true,
  capture: async (site, _, { signal }) => ({ ...(await mirrorRepositories(site, signal)), remove: nothing }),
  destination: mirrorsFolder,
  needs: gitNeeds,
  async restore(context, item) {
    await restoreGit(context, item);
    return undefined;
  },
  inspect: async ({ environment }, workload) => inspectGit(workload, environment.git?.repositories ?? []),
};
