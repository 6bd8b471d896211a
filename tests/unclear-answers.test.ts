import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SourceFile } from './architecture-rules.ts';
import { blindHandlers, ignoredErrors, MOST_IGNORED, SWALLOWS } from './unclear-answers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['recovery', 'cli', 'drill', 'infra', 'plan', 'scripts'];

async function sources(): Promise<SourceFile[]> {
  const paths = await Promise.all(
    FOLDERS.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true });
      return entries.filter((entry) => /\.(ts|js|mjs)$/.test(entry)).map((entry) => join(folder, entry));
    }),
  );
  return Promise.all(paths.flat().map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

describe('an unclear answer', () => {
  it('is never taken for "nobody there" or "nothing there"', async () => {
    const files = await sources();
    expect(files.length).toBeGreaterThan(500);
    expect(files.filter(({ path }) => !(path in SWALLOWS)).flatMap(blindHandlers)).toEqual([]);
    // An exception that is not needed any more would hide the next one.
    const needless = Object.keys(SWALLOWS).filter(
      (path) => files.filter((file) => file.path === path).flatMap(blindHandlers).length === 0,
    );
    expect(needless).toEqual([]);
    const ignored = files.flatMap(ignoredErrors);
    expect(ignored.length).toBeLessThanOrEqual(MOST_IGNORED);
    expect(ignored.filter((each) => !/'.{10,}'$/.test(each))).toEqual([]);
  });

  it.each([
    ['try { x(); } catch { y(); }', 'catches every error'],
    ['try { x(); } catch (error) { return undefined; }', 'catches every error'],
    ['await x().catch(() => undefined);', 'answers for every error'],
    ['await x().catch((_) => []);', 'answers for every error'],
    ['await x().then((a) => a, () => 0);', 'answers for every error'],
    ['if (existsSync(path)) y();', 'asks existsSync'],
  ])('is refused: %s', (text, fault) => {
    expect(blindHandlers({ path: 'recovery/x.ts', text })).toEqual([expect.stringContaining(fault)]);
  });

  it.each([
    "try { x(); } catch (error) { if (!hasCode(error, 'ENOENT')) throw error; }",
    "try { x(); } catch { throw new Error('its message may hold a secret'); }",
    'await x().catch(ifAbsent([]));',
    'await x().catch((error) => log.warn({ error }));',
    "await x().catch(ignoring('it expires by itself'));",
    'const schema = z.string().catch(undefined);',
    'await x().then((a) => a);',
  ])('is looked at: %s', (text) => {
    expect(blindHandlers({ path: 'recovery/x.ts', text })).toEqual([]);
  });
});
