import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Resource } from '../../../infra/policy/resource.ts';
import { changed, declaredBy, which } from '../../infra/policy/declared.ts';
import { exportOf, previewOf } from '../../recovery/impact/preview-of.ts';
import { makeScratch } from '../../scratch.ts';
import { dr } from '../run-dr.ts';

const temporary = await makeScratch();
afterAll(temporary.remove);

const files = { preview: '', before: '', after: '', broken: '' };

beforeAll(async () => {
  const good: Resource[] = await declaredBy('local');
  const worse = changed(good, which('StatefulSet', 'postgres'), ({ spec }) => {
    spec.replicas = 1;
  });
  const write = async (name: keyof typeof files, content: unknown) => {
    files[name] = join(temporary.folder, `${name}.json`);
    await writeFile(files[name], JSON.stringify(content));
  };
  await write('preview', previewOf(good, worse));
  await write('before', exportOf(good));
  await write('after', exportOf(worse));
  await write('broken', { diagnostics: [{ message: 'error: no such role', severity: 'error' }] });
});

test('exit 4 with the table on stdout, by one preview or by two states', async () => {
  const byPreview = await dr(['impact', files.preview]);
  expect(byPreview).toMatchObject({ exit: 4, stderr: '' });
  expect(byPreview.stdout).toContain('| **worse** | instances | instances of postgres | 2 | 1 |');
  expect(await dr(['impact', '--before', files.before, '--after', files.after])).toEqual(byPreview);
});

test('exit 0 when it is accepted; -o json has the same', async () => {
  const { exit, stdout } = await dr(['impact', files.preview, '-o', 'json', '--accept', 'instances=one node only']);
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ apiVersion: 'go-coffee-dr/v1', kind: 'Impact', stack: 'production', refused: [], planSeen: true },
    changes: expect.arrayContaining([
      {
        ...{ area: 'instances', what: 'instances of postgres', before: '2', after: '1', verdict: 'worse' },
        accepted: 'one node only',
      },
    ]),
  });
});

test.each([
  ['nothing to compare', () => []],
  ['one side only', () => ['--before', files.before]],
  ['and --before or --after', () => [files.preview, '--after', files.after]],
  ['is a stack export, and holds one side only', () => [files.before]],
  ["can't be read (ENOENT)", () => ['/nowhere/preview.json']],
  ['the preview ended with an error', () => [files.broken]],
])('%s: exit 2', async (said, args) => {
  const { exit, stdout, stderr } = await dr(['impact', ...args()]);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  expect(stderr).toContain(said);
});
