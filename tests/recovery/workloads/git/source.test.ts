/** What a mirror lacks of its source. A server's repository is bare: nothing in it can be uncommitted. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { besideMirror } from '../../../../recovery/workloads/git/source.ts';
import { withFolder } from '../../../platform.ts';

const WHO = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
const git = (...args: readonly string[]) => execFileSync('git', [...WHO, ...args], { encoding: 'utf8' });

test('a bare repository is complete; older stashes are named, in a bare one too', async () => {
  await withFolder(async (folder) => {
    const [work, bare, mirror] = ['work', 'bare.git', 'mirror.git'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    git('init', '-q', work);
    git('-C', work, 'commit', '-q', '--allow-empty', '-m', 'first');
    git('clone', '-q', '--bare', work, bare);
    git('clone', '-q', '--mirror', work, mirror);
    const run = makeRun(silentLog);
    expect(await besideMirror(run, bare, mirror)).toEqual([]);
    for (const text of ['one', 'two']) {
      writeFileSync(join(work, 'file'), text);
      git('-C', work, 'add', 'file');
      git('-C', work, 'stash', '-q');
    }
    expect(await besideMirror(run, work, mirror)).toEqual([`1 older stashes in ${work}`]);
    const inside = join(work, '.git');
    expect(await besideMirror(run, inside, mirror)).toEqual([`1 older stashes in ${inside}`]);
  });
});
