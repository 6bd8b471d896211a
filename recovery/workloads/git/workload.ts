import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import { DrError } from '../../core/errors.ts';
import type { ResticCapture } from '../../points/point.ts';
import type { FolderFinding } from '../files/inspect.ts';
import type { RestoreItem } from '../restore-plan.ts';
import { type Check, check, type RestoreContext } from '../restore-step.ts';
import { GIT_ENV } from './mirrors.ts';

/** A mirror's source: only one on this machine can be lost with it. */
export function inspectGit(workload: Workload, sources: readonly { name: string; url: string }[]): FolderFinding[] {
  return sources
    .filter(({ url }) => url.startsWith('/') || url.startsWith('file://'))
    .map(({ name, url }) => {
      const path = url.replace(/^file:\/\//, '');
      const there = existsSync(join(path, 'HEAD')) || existsSync(join(path, '.git', 'HEAD'));
      const state = there ? 'well' : existsSync(path) ? 'damaged' : 'missing';
      const fact = there ? 'a git repository' : existsSync(path) ? 'is no git repository' : 'does not exist';
      return { workload: workload.id, path, state, facts: [`${name}: ${path} ${fact}`] };
    });
}

export async function gitChecks(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const { facts } = item.capture as ResticCapture;
  const names = Object.keys(facts).flatMap((key) => (key.startsWith('main/') ? [key.slice(5)] : []));
  return Promise.all(
    names.map(async (name) => {
      const folder = join(item.destination, `${name}.git`);
      const { run } = context.site;
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
