import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { stackPlan } from '../../../cli/commands/cost/report.ts';
import { productionPlan } from '../../../plan/production.ts';
import { makeScratch } from '../../scratch.ts';
import { dr } from '../run-dr.ts';

const temporary = await makeScratch();
afterAll(temporary.remove);

const STATED = ['--size', '500GB', '--change-rate', '50GB/d'];

test('a bill by repository, with what is unknown, the savings, and where the prices are from', async () => {
  const { exit, stdout } = await dr(['cost', ...STATED]);
  expect(exit).toBe(0);
  for (const text of [
    /^local +[\d,]+ USD$/m,
    /^offsite +unknown$/m,
    /USD a month, without what has no price: drive-storage/,
    /^Prices of \d{4}-\d\d-\d\d: https:/m,
  ]) {
    expect(stdout).toMatch(text);
  }
});

test('the price list is printed, changed and read again', async () => {
  const { stdout } = await dr(['cost', '--show-prices']);
  const list = parse(stdout) as { date: string; regions: Record<string, Record<string, number>> };
  for (const prices of Object.values(list.regions)) prices['drive-storage'] = 0.01;
  const file = join(temporary.folder, 'prices.yaml');
  await writeFile(file, JSON.stringify({ ...list, date: '2026-11-30', source: 'the contract' }));
  const report = await dr(['cost', ...STATED, '--prices', file, '--local-volume', 'gp3', '-o', 'json']);
  expect(JSON.parse(report.stdout)).toMatchObject({
    ...{ unknown: [], prices: { date: '2026-11-30', source: 'the contract' } },
    setup: { localVolume: 'gp3', region: 'us-east-1' },
  });
});

test('the site of a stack comes from its file', async () => {
  const { stdout } = await dr(['cost', ...STATED, '--stack', 'dr', '-o', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({ setup: { region: 'eu-west-1' } });
});

test('the plan of a stack is the shipped one with what its file overrides; what is no plan is refused', async () => {
  const write = (name: string, plan: unknown) =>
    writeFile(
      join(temporary.folder, `Pulumi.${name}.yaml`),
      stringify({ config: { 'go-coffee-dr:plan': plan, 'go-coffee-dr:site': 'x' } }),
    );
  await write('longer', { repositories: { local: { retention: '90d' } } });
  const plan = await stackPlan('longer', temporary.folder);
  const retentions = ({ repositories }: typeof plan) => repositories.map(({ id, retention }) => [id, retention]);
  expect(retentions(plan)).toEqual(retentions(productionPlan).map(([id, kept]) => [id, id === 'local' ? '90d' : kept]));
  await write('wrong', { repositories: { lokal: { retention: '90d' } } });
  await expect(stackPlan('wrong', temporary.folder)).rejects.toMatchObject({
    code: 'COST-INPUT',
    fact: expect.stringContaining('no repositories "lokal"'),
  });
  await write('text', 'none');
  await expect(stackPlan('text', temporary.folder)).rejects.toMatchObject({ code: 'COST-INPUT', fact: 'is no map' });
});

test.each([
  ['no size', ['--change-rate', '50GB/d'], '--size is missing'],
  ['no rate', ['--size', '500GB'], '--change-rate is missing'],
  ['a size without a unit', ['--size', '500', '--change-rate', '50GB/d'], 'Wanted a size with a unit, as 500GB'],
  ['no such stack', [...STATED, '--stack', 'nowhere'], 'Pulumi.nowhere.yaml'],
  ['no such price list', [...STATED, '--prices', '/nowhere/prices.yaml'], "can't be read (ENOENT)"],
])('%s: exit 2, and the hint can be typed', async (_, args, fact) => {
  const { exit, stderr } = await dr(['cost', ...args]);
  expect(exit).toBe(2);
  expect(stderr).toContain(fact);
});
