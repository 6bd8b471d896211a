import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pidNamespace } from '../../../../recovery/core/pids.ts';
import { ConditionFailed } from '../../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../../recovery/storage/posix/store.ts';
import { scratch } from '../../../scratch.ts';

const text = async (body: Promise<{ body: Buffer } | undefined>) => (await body)?.body.toString();

describe('objects', () => {
  test('are read back as written, with the etag that put and list tell', async () => {
    const store = openPosixStore(await scratch());
    const { etag } = await store.put('a/b/c.json', '{"x":1}');
    const object = await store.get('a/b/c.json');
    expect(object).toMatchObject({ key: 'a/b/c.json', size: 7, etag });
    expect(object?.body.toString()).toBe('{"x":1}');
    expect(Math.abs(Date.now() - (object?.modified.getTime() ?? 0))).toBeLessThan(60_000);
    const { body: _, ...info } = object ?? { body: undefined };
    expect(await store.list('a/')).toEqual([info]);
  });

  test('that are absent are undefined, and no error to delete', async () => {
    const store = openPosixStore(await scratch());
    await store.put('file', 'x');
    expect(await store.get('nothing')).toBeUndefined();
    expect(await store.get('file/below')).toBeUndefined();
    await store.delete('nothing/at/all');
    await store.delete('file');
    expect(await store.list('')).toEqual([]);
  });

  test('are listed by prefix, sorted, without files in the making', async () => {
    const root = await scratch();
    const store = openPosixStore(root);
    for (const key of ['p/b', 'p/a', 'p/sub/c', 'px', 'q/a']) await store.put(key, key);
    await writeFile(join(root, 'p', '.dr-new-0011'), 'half');
    const keys = async (prefix: string) => (await store.list(prefix)).map((o) => o.key);
    expect(await keys('p/')).toEqual(['p/a', 'p/b', 'p/sub/c']);
    expect(await keys('p')).toEqual(['p/a', 'p/b', 'p/sub/c', 'px']);
    expect(await keys('p/su')).toEqual(['p/sub/c']);
    expect(await keys('none/')).toEqual([]);
    expect(await keys('')).toHaveLength(5);
  });

  test('an edit in place changes the etag', async () => {
    const root = await scratch();
    const store = openPosixStore(root);
    const { etag } = await store.put('k', 'aaaa');
    const { atime, mtime } = await stat(join(root, 'k'));
    await writeFile(join(root, 'k'), 'bbbb');
    await utimes(join(root, 'k'), atime, mtime);
    expect((await store.list('k'))[0]?.etag).not.toBe(etag);
  });

  test.each(['../x', 'a/../b', '/etc/x', 'a//b', 'a/', 'a\nb', '', './a'])('the key %j is refused', async (key) => {
    const store = openPosixStore(await scratch());
    await expect(store.put(key, 'x')).rejects.toMatchObject({ code: 'KEY-INVALID', exit: 2 });
    await expect(store.get(key)).rejects.toMatchObject({ code: 'KEY-INVALID' });
    await expect(store.delete(key)).rejects.toMatchObject({ code: 'KEY-INVALID' });
  });
});

describe('conditions', () => {
  test('absent: exactly one of many writers wins, and its content stays', async () => {
    const store = openPosixStore(await scratch());
    const writers = Array.from({ length: 20 }, (_, n) => store.put('point', `writer ${n}`, { kind: 'absent' }));
    const results = await Promise.allSettled(writers);
    const winners = results.flatMap((r, n) => (r.status === 'fulfilled' ? [n] : []));
    expect(winners).toHaveLength(1);
    expect(await text(store.get('point'))).toBe(`writer ${winners[0]}`);
    for (const r of results) if (r.status === 'rejected') expect(r.reason).toBeInstanceOf(ConditionFailed);
  });

  test('etag: no update is lost among many writers', async () => {
    const root = await scratch();
    const stores = [openPosixStore(root), openPosixStore(root)];
    await stores[0]?.put('counter', '0');
    const increment = async (n: number): Promise<void> => {
      const store = stores[n % 2] as (typeof stores)[number];
      for (;;) {
        const seen = await store.get('counter');
        const next = String(Number(seen?.body.toString()) + 1);
        try {
          await store.put('counter', next, { kind: 'etag', etag: seen?.etag ?? '' });
          return;
        } catch (error) {
          if (!(error instanceof ConditionFailed)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: 24 }, (_, n) => increment(n)));
    expect(await text(openPosixStore(root).get('counter'))).toBe('24');
    expect(await readdir(root)).toEqual(['counter']);
  });

  test('etag: an absent object is not replaced', async () => {
    const store = openPosixStore(await scratch());
    await expect(store.put('k', 'x', { kind: 'etag', etag: '1' })).rejects.toBeInstanceOf(ConditionFailed);
    expect(await store.get('k')).toBeUndefined();
  });

  test.each([
    ['of a process that is gone', `${hostname()} 4194305 abc 1 ${pidNamespace()}`, 0],
    ['of another host, long ago', 'elsewhere 1 abc', 120],
  ])('a lock file %s does not hold anyone up', async (_, content, age) => {
    const root = await scratch();
    const store = openPosixStore(root);
    const { etag } = await store.put('k', 'one');
    const file = join(root, '.dr-lock-k');
    await writeFile(file, content);
    await utimes(file, Date.now() / 1000 - age, Date.now() / 1000 - age);
    await store.put('k', 'two', { kind: 'etag', etag });
    expect(await text(store.get('k'))).toBe('two');
    expect(await readdir(root)).toEqual(['k']);
  });
});

describe('the folder', () => {
  test('files are 0640 and folders 0750, whatever the umask; both belong to the owner', async () => {
    const root = join(await scratch(), 'repository');
    const owner = process.getuid?.() === 0 ? { uid: 4242, gid: 4343 } : undefined;
    const old = process.umask(0o077);
    try {
      await openPosixStore(root, owner).put('a/b', 'x', { kind: 'absent' });
    } finally {
      process.umask(old);
    }
    const facts = await Promise.all(['', 'a', 'a/b'].map((path) => stat(join(root, path))));
    expect(facts.map((f) => (f.mode & 0o777).toString(8))).toEqual(['750', '750', '640']);
    if (owner) expect(facts.map((f) => [f.uid, f.gid])).toEqual(Array(3).fill([4242, 4343]));
  });

  test('a new repository is empty; a volume that is not mounted is said so', async () => {
    const root = await scratch();
    expect(await openPosixStore(join(root, 'new')).list('')).toEqual([]);
    const away = openPosixStore(join(root, 'not', 'mounted'));
    await expect(away.list('')).rejects.toMatchObject({ code: 'REPOSITORY-UNREACHABLE' });
    await expect(away.get('k')).rejects.toMatchObject({ code: 'REPOSITORY-UNREACHABLE' });
  });

  test('a file in the place of a folder is said so', async () => {
    const root = await scratch();
    await writeFile(join(root, 'file'), '');
    const failure = { code: 'REPOSITORY-MISSING', where: `folder ${root}` };
    await expect(openPosixStore(root).put('file/below', 'x')).rejects.toMatchObject(failure);
  });

  test('it has no past', async () => {
    const store = openPosixStore(await scratch());
    const asOf = new Date('2026-01-01T00:00:00Z');
    await expect(store.get('k', asOf)).rejects.toMatchObject({ code: 'REPOSITORY-NO-VERSIONS', exit: 2 });
    await expect(store.list('k', asOf)).rejects.toMatchObject({ code: 'REPOSITORY-NO-VERSIONS' });
  });
});
