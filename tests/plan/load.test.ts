import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { commandProblem } from '../../cli/command-problem.ts';
import { planCheck, planSchema, planShow } from '../../cli/commands/plan.ts';
import { planDigest } from '../../plan/digest.ts';
import { PlanError, type PlanProblem } from '../../plan/errors.ts';
import { loadPlan } from '../../plan/load.ts';
import { productionPlan } from '../../plan/production.ts';
import { planJsonSchema } from '../../plan/schema.ts';

const YAML = stringify(productionPlan, { aliasDuplicateObjects: false });
/** No environment file names another plan. */
const SHIPPED = { env: undefined, commandProblem, now: () => new Date('2026-11-30T00:00:00Z') };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-load-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(text: string, name = 'plan.yaml'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function refused(path: string): Promise<readonly PlanProblem[]> {
  const error = await loadPlan(path).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(PlanError);
  expect(error).toMatchObject({ file: path });
  return (error as PlanError).problems;
}

/** The YAML with the first `from` replaced; a test whose `from` isn't there fails. */
function changed(from: string, to: string): string {
  expect(YAML).toContain(from);
  return YAML.replace(from, to);
}

function lineWith(text: string, words: string): number {
  return text.slice(0, text.indexOf(words)).split('\n').length;
}

test('without a path it is the shipped plan; as YAML and as JSON it is the same plan', async () => {
  expect(await loadPlan()).toBe(productionPlan);
  expect(planDigest(await loadPlan(await file(YAML)))).toBe(planDigest(productionPlan));
  const json = await file(JSON.stringify(productionPlan), 'plan.json');
  expect(planDigest(await loadPlan(json))).toBe(planDigest(productionPlan));
});

test.each([
  ['an unknown key', 'rpo: 1h', 'rpoo: 1h', 'tiers.P1.rpoo', 'unknown key "rpoo". Did you mean "rpo"?', 'rpoo'],
  ['a missing key', '    retention: 30d\n', '', 'repositories.local.retention', 'is missing', '- id: local'],
  ['an RTO without a unit', 'critical: 4h', 'critical: 4', 'objectives.rto.critical', '4 has no unit', 'critical: 4'],
  [
    'an RPO as text without a unit',
    'database: 1h',
    'database: "1"',
    'objectives.rpo.database',
    '"1" has no unit',
    'database: "1"',
  ],
  ['a negative RTO', 'full: 8h', 'full: -8h', 'objectives.rto.full', '"-8h" is negative', 'full: -8h'],
  ['an RTO that is no number', 'full: 8h', 'full: .nan', 'objectives.rto.full', 'NaN is not a number', 'full: .nan'],
  ['a name with ../', '- id: git\n', '- id: ../git\n', 'workloads.[11].id', '"../git" is not a name', '../git'],
  [
    'a name with a line break',
    '- id: git\n',
    '- id: "git\\n"\n',
    'workloads.[11].id',
    '"git\\n" is not a name',
    '"git\\n"',
  ],
  [
    'a location with a line break',
    'location: /var/backups/go-coffee/',
    'location: "/var/x\\n"',
    'repositories.local.location',
    '"/var/x\\n" is not a single line of text',
    '/var/x',
  ],
  [
    'an unknown type',
    'type: git',
    'type: gitt',
    'workloads.git.type',
    '"gitt" is not known here. Did you mean "git"?',
    'gitt',
  ],
  ['an unknown tier', '- id: P4', '- id: P9', 'tiers.P9.id', '"P9" is not known here.', 'P9'],
  [
    'an unknown way of writing',
    'by: export',
    'by: exprt',
    'repositories.offsite.written.by',
    '"exprt" is not known here. Did you mean "export"?',
    'exprt',
  ],
  [
    'a weaker encryption',
    'encryption: aes-256',
    'encryption: none',
    'repositories.local.encryption',
    '"none" is not known here.',
    'encryption: none',
  ],
  ['a word for a list', 'goals:\n', 'goals: none\nxgoals:\n', 'goals', '"none" is not a list', 'goals: none'],
])('%s', async (_, from, to, where, fact, atLine) => {
  const text = changed(from, to);
  const problems = await refused(await file(text));
  const found = problems.find((problem) => problem.where === where);
  expect(found?.fact).toContain(fact);
  expect(found?.line).toBe(lineWith(text, atLine));
  expect(found?.hint).not.toBe('');
});

test('a doubled key, in YAML and in JSON', async () => {
  const text = changed('  rpo:\n', '  rto: {}\n  rpo:\n');
  const line = lineWith(text, '  rto: {}');
  expect(await refused(await file(text))).toMatchObject([{ where: 'rto', fact: 'key "rto" occurs twice', line }]);
  const json = await file('{\n "version": 1,\n "version": 2\n}', 'doubled.json');
  expect(await refused(json)).toMatchObject([{ fact: 'key "version" occurs twice', line: 3 }]);
});

test('names are refused wherever a plan is read; a missed objective is not: it must not keep anyone from restoring', async () => {
  const text = changed('    cron: 0 * * * *', '    cron: 0 * * *');
  const line = lineWith(text, 'cron: 0 * * *\n');
  expect(await refused(await file(text))).toMatchObject([{ where: 'schedules.hourly.cron', line }]);
  const slow = await file(changed('cron: "*/15 * * * *"', 'cron: 0 0 * * *'));
  expect((await loadPlan(slow)).version).toBe('1.0');
  expect((await planCheck({}, SHIPPED, slow)).exit).toBe(2);
});

test.each([
  ['', 'null is not keys and values'],
  ['- 1', '[1] is not keys and values'],
  ['a: [', 'Flow sequence'],
  ['a: *nobody', 'Unresolved alias'],
])('what is no plan at all: %j', async (text, fact) => {
  expect((await refused(await file(text)))[0]?.fact).toContain(fact);
});

test('a file that is not there, and one of another kind', async () => {
  expect(await refused(join(folder, 'none.yaml'))).toMatchObject([{ fact: expect.stringContaining('ENOENT') }]);
  expect(await refused(join(folder, 'plan.toml'))).toMatchObject([
    { fact: expect.stringContaining('is not a .yaml, .yml or .json file') },
  ]);
});

test('`plan show -o json` is a plan: it can be saved and read again', async () => {
  const { kind, data } = await planShow({}, SHIPPED);
  expect(kind).toBe('Plan');
  const saved = await file(JSON.stringify(data), 'shown.json');
  expect(await loadPlan(saved)).toEqual(productionPlan);
});

test('`plan show` shows objectives, arithmetic, places and every settlement with its reason', async () => {
  const { text } = await planShow({}, SHIPPED);
  for (const { settled, reason } of productionPlan.settlements) {
    expect(text).toContain(settled);
    expect(text).toContain(reason);
  }
  expect(text).toMatch(/P1 +Critical +2h +1h +Auth Service \(auth-service\), Database \(postgres\), Redis \(redis\)/);
  expect(text).toContain('15 min interval + 5 min longest run + 10 min copy = 30 min ≤ 1 h');
  expect(text).toMatch(/secondary +Secondary Storage \(S3\) +s3 +go-coffee-backups-eu-west-1, eu-west-1 +90d/);
});

/** The written plan has no numbers. */
const withContacts = (text: string): string => text.replaceAll('+1-xxx-xxx-xxxx', '+1-202-456-1111');

test('`plan check`: exit 0 for the shipped plan, whose contacts are placeholders', async () => {
  const { exit, text, data } = await planCheck({}, SHIPPED);
  expect(exit).toBe(0);
  expect(text).toContain('the shipped plan: 0 errors, 5 warnings');
  expect(text).toContain(
    'warning: CONTACT-PLACEHOLDER team.[0].contact: Incident Commander can\'t be called: "+1-xxx-xxx-xxxx" is a placeholder',
  );
  expect(data).toMatchObject({ errors: 0 });
  expect((await planCheck({}, SHIPPED, await file(withContacts(changed('', ''))))).text).toContain('no findings');
});

test('`plan check`: exit 2 with every finding and its line', async () => {
  const text = withContacts(changed('retention: 30d', 'retention: 0d')).replace(
    'storageClass: GLACIER_IR',
    'storageClass: GLACIER',
  );
  const path = await file(text);
  const result = await planCheck({}, SHIPPED, path);
  expect(result.exit).toBe(2);
  expect(result.text.split('\n')).toEqual([
    `error: RETENTION-ZERO line ${lineWith(text, 'retention: 0d')}, repositories.local.retention: "local" has a retention of 0d: it would keep no copy`,
    '  hint: write a retention, e.g. 30d',
    `error: STORAGE-CLASS-SLOW line ${lineWith(text, 'storageClass: GLACIER\n') - 1}, repositories.primary.lifecycle.[1]: GLACIER takes 12 h to read back, and P1 must be back in 2 h`,
    '  hint: use GLACIER_IR: it can be read at once',
    `${path}: 2 errors, 0 warnings`,
  ]);
});

test('`plan check` reports a wrong shape as findings too', async () => {
  const result = await planCheck(
    {},
    SHIPPED,
    await file(changed('critical: 4h', 'critical: 4').replace('rpo: 1h', 'rpoo: 1h')),
  );
  expect(result.exit).toBe(2);
  expect(result.data).toMatchObject({ errors: 3, worstCaseRpo: null });
});

test('the JSON Schema knows every key, and no other', async () => {
  const schema = planJsonSchema() as { properties: object; additionalProperties: boolean };
  expect(Object.keys(schema.properties).sort()).toEqual(Object.keys(productionPlan).sort());
  expect(schema.additionalProperties).toBe(false);
  expect(JSON.parse((await planSchema()).text)).toEqual(schema);
});
