/** Mirrors of the git repositories. */

import { join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import type { Environment } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThereSync } from '../../core/absent.ts';
import { DrError } from '../../core/errors.ts';
import { nothing } from '../capture.ts';
import { folderType } from '../folder.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';
import type { DiskNeed, FolderFinding, WorkloadType } from '../workload.ts';
import { GIT_ENV, mirrorRepositories, mirrorsFolder } from './mirrors.ts';
import { localFolder, restoreGit } from './restore.ts';

/** The sources of the mirrors: only one on this machine can be lost with it. */
export function inspectGit(workload: Workload, sources: readonly { name: string; url: string }[]): FolderFinding[] {
  return sources
    .filter(({ url }) => url.startsWith('/') || url.startsWith('file://'))
    .map(({ name, url }) => {
      const path = url.replace(/^file:\/\//, '');
      const there = isThereSync(join(path, 'HEAD')) || isThereSync(join(path, '.git', 'HEAD'));
      const state = there ? 'well' : isThereSync(path) ? 'damaged' : 'missing';
      const fact = there ? 'a git repository' : isThereSync(path) ? 'is not a git repository' : 'does not exist';
      return { workload: workload.id, path, state, facts: [`${name}: ${path} ${fact}`] };
    });
}

async function gitChecks({ run }: Site, item: SnapshotItem): Promise<Check[]> {
  const { facts } = item.capture;
  const names = Object.keys(facts).flatMap((key) => (key.startsWith('main/') ? [key.slice(5)] : []));
  return Promise.all(
    names.map(async (name) => {
      const folder = join(item.destination, `${name}.git`);
      const wanted = { id: `git/${name}`, title: `main of ${name}`, expected: String(facts[`main/${name}`]) };
      try {
        await run(['git', '-C', folder, 'fsck', '--connectivity-only', '--no-progress'], { env: GIT_ENV });
        const argv = ['for-each-ref', '--format=%(objectname) %(refname)'];
        const { stdout } = await run(['git', '-C', folder, ...argv], { env: GIT_ENV });
        const actual = /^([0-9a-f]+) refs\/heads\/(?:main|master)$/m.exec(stdout)?.[1] ?? 'no main';
        return check(item, { ...wanted, actual: actual === 'no main' && wanted.expected === '' ? '' : actual });
      } catch (error) {
        if (!(error instanceof DrError) || error.code !== 'ENGINE-FAILED') throw error;
        return check(item, { ...wanted, actual: error.fact, ok: false });
      }
    }),
  );
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
