import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { layout } from '../../plan/layout.ts';
import { acquireLock, readLock } from '../../recovery/storage/lock.ts';
import { openPosixStore } from '../../recovery/storage/posix/store.ts';
import { withFolder } from '../platform.ts';
import { dr } from './run-dr.ts';

test('unlock names the holder, wants the name, and frees the lock', async () => {
  await withFolder(async (folder) => {
    const env = join(folder, 'dr.yaml');
    const key = { name: 'k1', from: { file: join(folder, 'key') } };
    await writeFile(join(folder, 'key'), 'a secret', { mode: 0o600 });
    const document = {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: 'test',
      site: 'here',
      stateDir: join(folder, 'state'),
      signingKeys: [key],
      repositories: { local: { type: 'posix', path: join(folder, 'backups'), passphrases: [key] } },
    };
    await writeFile(env, stringify(document));
    const store = openPosixStore(join(folder, 'backups'));
    const place = layout('test').lock('restore-here');
    const lock = await acquireLock(store, place, { holder: 'ann@ops pid 7', ttlSeconds: 600, what: 'dr restore' });

    const unknown = await dr(['unlock', 'restore-her', '--env', env]);
    expect(unknown).toMatchObject({ exit: 2, stdout: '' });
    expect(unknown.stderr).toContain('there is no lock "restore-her". Did you mean "restore-here"?');

    const refused = await dr(['unlock', 'restore-here', '--env', env]);
    expect(refused).toMatchObject({ exit: 7, stdout: '' });
    expect(refused.stderr).toContain('repository local: held by ann@ops pid 7 (dr restore) since');
    expect(refused.stderr).toContain('type --confirm restore-here');
    expect(await readLock(store, place)).toMatchObject({ holder: 'ann@ops pid 7' });

    const freed = await dr(['unlock', 'restore-here', '--env', env, '--confirm', 'restore-here', '-o', 'json']);
    expect(freed.exit).toBe(0);
    expect(JSON.parse(freed.stdout)).toMatchObject({ kind: 'Unlock', broken: [{ holder: 'ann@ops pid 7' }] });
    expect(await readLock(store, place)).toBeUndefined();
    await expect(lock.renew()).rejects.toMatchObject({ code: 'LOCK-LOST' });

    const again = await dr(['unlock', 'restore-here', '--env', env]);
    expect(again).toMatchObject({ exit: 0, stdout: 'nobody holds restore-here' });
  });
});
