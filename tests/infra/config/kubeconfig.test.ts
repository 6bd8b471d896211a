/** A kubeconfig that can't work stops a preview before anything is registered. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { program } from '../../../infra/program.ts';
import { scratch } from '../../scratch.ts';
import { recordProgram, shippedConfig, TEST_SECRETS } from '../recording.ts';

function kubeconfig(context: string, authority?: string): string {
  const data = authority === undefined ? {} : { 'certificate-authority-data': authority };
  return stringify({
    clusters: [{ name: 'lab', cluster: { server: 'https://10.0.0.1:6443', ...data } }],
    users: [{ name: 'lab', user: { token: 'secret-token' } }],
    contexts: [{ name: context, context: { cluster: 'lab', user: 'lab' } }],
  });
}

interface Ran {
  readonly resources: number;
  readonly error: unknown;
}

async function run(config: Readonly<Record<string, unknown>>): Promise<Ran> {
  let error: unknown;
  const attempt = () =>
    program().catch((caught: unknown) => {
      error = caught;
      return {};
    });
  const recording = await recordProgram(attempt, {
    stack: 'local',
    config: { ...(await shippedConfig('local')), ...TEST_SECRETS.local, ...config },
    secretKeys: ['s3Credentials', 'kubeconfig'],
  });
  return { resources: recording.filter(({ custom }) => custom).length, error };
}

test('a file that is not there, with the line of the stack’s file', async () => {
  const path = join(await scratch(), 'kubeconfig');
  const { resources, error } = await run({ cluster: { context: 'lab', kubeconfig: path } });
  expect(resources).toBe(0);
  expect(String(error)).toMatch(/DR-CONFIG cluster\.kubeconfig \(Pulumi\.local\.yaml, line \d+\): /);
  expect(String(error)).toContain(`${path} can't be read (ENOENT)`);
});

test('a context that the file lacks, and a torn certificate of the secret, whose text is not shown', async () => {
  const path = join(await scratch(), 'kubeconfig');
  await writeFile(path, kubeconfig('lab'));
  const named = await run({ cluster: { context: 'lb', kubeconfig: path } });
  expect(String(named.error)).toContain(`${path} has no context "lb". Did you mean "lab"?`);
  expect(String(named.error)).toContain('DR-CONFIG cluster.context');
  const torn = await run({ cluster: { context: 'lab' }, kubeconfig: kubeconfig('lab', 'AAAA').trimEnd() });
  expect(String(torn.error)).toContain(
    'DR-CONFIG kubeconfig: the secret kubeconfig: certificate-authority of "lab" is broken',
  );
  expect(String(torn.error)).not.toContain('secret-token');
  expect([named.resources, torn.resources]).toEqual([0, 0]);
});

test('one that is whole declares the stack', async () => {
  const path = join(await scratch(), 'kubeconfig');
  await writeFile(path, kubeconfig('lab'));
  const { resources, error } = await run({ cluster: { context: 'lab', kubeconfig: path } });
  expect(error).toBeUndefined();
  expect(resources).toBeGreaterThan(50);
});
