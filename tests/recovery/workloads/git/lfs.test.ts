/** Objects of git LFS from a server that wants a login: git itself hands the one of `git.credentials` to git-lfs. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { mirrorLfs } from '../../../../recovery/workloads/git/lfs.ts';
import { scratch } from '../../../scratch.ts';

const run = makeRun(silentLog);
const CONTENT = 'a large file';
const OID = createHash('sha256').update(CONTENT).digest('hex');

/** A mirror of a remote repository that holds a pointer and lacks its object. */
async function makeMirror(folder: string): Promise<string> {
  const [work, mirror] = [join(folder, 'work'), join(folder, 'mirror.git')];
  await run(['git', 'init', '-q', '-b', 'main', work]);
  await writeFile(join(work, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize ${CONTENT.length}\n`;
  await writeFile(join(work, 'large.bin'), pointer);
  const author = ['-c', 'user.name=x', '-c', 'user.email=x@example.test', '-c', 'filter.lfs.clean=cat'];
  await run(['git', '-C', work, ...author, 'add', '.']);
  await run(['git', '-C', work, ...author, 'commit', '-q', '-m', 'x']);
  await run(['git', 'clone', '-q', '--mirror', work, mirror]);
  await run(['git', '-C', mirror, 'remote', 'set-url', 'origin', 'https://git.example.test/shop.git']);
  return mirror;
}

/** In place of git-lfs and its server: it asks git for the login, as git-lfs does, and has the object for the right one. */
async function makeLfs(folder: string): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const script = `#!/bin/sh
login=$(printf 'protocol=https\\nhost=git.example.test\\n\\n' | git credential fill) || exit 2
echo "$login" | grep -q '^password=token-1$' || exit 2
place="$(git rev-parse --absolute-git-dir)/lfs/objects/${OID.slice(0, 2)}/${OID.slice(2, 4)}"
mkdir -p "$place" && printf %s '${CONTENT}' > "$place/${OID}"
`;
  await writeFile(join(bin, 'git-lfs'), script, { mode: 0o755 });
  return bin;
}

test('the objects are fetched with the login of git.credentials, and not without', async () => {
  const folder = await scratch();
  const mirror = { name: 'shop', folder: await makeMirror(folder), source: undefined };
  const before = process.env.PATH;
  process.env.PATH = `${await makeLfs(folder)}:${before}`;
  try {
    await expect(mirrorLfs(run, mirror)).rejects.toMatchObject({ code: 'GIT-LFS-MISSING' });
    const credentials = join(folder, 'logins');
    await writeFile(credentials, 'https://backup:token-1@git.example.test\n', { mode: 0o600 });
    expect(await mirrorLfs(run, { ...mirror, credentials })).toBe(1);
  } finally {
    process.env.PATH = before;
  }
});
