import { beforeAll, describe, expect, test } from 'vitest';
import type { Declared } from '../../../recovery/impact/declared.ts';
import { impactMarkdown, LONGEST } from '../../../recovery/impact/markdown.ts';
import { type ImpactReport, impactOf } from '../../../recovery/impact/report.ts';
import { HARMLESS } from './harmless-changes.ts';
import { change, declaredIn, sides } from './recorded-sides.ts';
import { AWS } from './worse/aws.ts';
import { CLUSTER } from './worse/cluster.ts';
import { ENGINES } from './worse/engines.ts';
import { POSTGRES } from './worse/postgres.ts';

const WORSE = [...POSTGRES, ...ENGINES, ...AWS, ...CLUSTER];

let production: Declared;
let standby: Declared;

beforeAll(async () => {
  production = await declaredIn('production');
  standby = await declaredIn('dr');
});

const differing = ({ changes }: ImpactReport) => changes.filter(({ verdict }) => verdict !== 'same');

test('nothing changes where nothing changes, in both stacks', () => {
  for (const stack of [production, standby])
    expect(
      differing(
        impactOf(
          sides(stack, (same) => same),
          [],
        ),
      ),
    ).toEqual([]);
});

describe('what gets worse, or is unknown, has a row and stops the change', () => {
  test.each(WORSE)('$title', ({ edit, row, verdict = 'worse', says }) => {
    const report = impactOf(sides(production, edit), []);
    const found = report.changes.filter(({ what }) => (typeof row === 'string' ? what === row : row.test(what)));
    expect(
      found.map((change) => change.verdict),
      JSON.stringify(differing(report), null, 1),
    ).toContain(verdict);
    expect(report.refused).toContain(found[0]?.what);
    if (says !== undefined) expect(report.headline).toMatch(says);
    const text = impactMarkdown(report);
    expect(text).not.toContain('Nothing changes for recovery');
    expect(text).toMatch(/^### Recovery impact: production\n\n\*\*(It gets worse|What this means)/);
  });
});

describe('what is harmless raises nothing', () => {
  test.each(HARMLESS)('$title', ({ edit, shows = [] }) => {
    const report = impactOf(sides(production, edit), []);
    expect(report.refused, JSON.stringify(differing(report), null, 1)).toEqual([]);
    expect(differing(report).map(({ what }) => what)).toEqual(shows);
  });
});

test('archiving that is off takes the worst-case RPO of its tier beyond its objective', () => {
  const off = WORSE.find(({ title }) => title === 'archive_mode off');
  const { changes } = impactOf(
    sides(production, (declared) => off?.edit(declared) ?? declared),
    [],
  );
  expect(changes.find(({ what }) => what === 'worst-case RPO of P1')).toMatchObject({
    before: '30 min',
    verdict: 'worse',
  });
});

test('what makes the copies dearer has a row with both sums, for the stated size', () => {
  const edit = change('PersistentVolumeClaim', 'local-repository', ({ spec }) => {
    spec.storageClassName = 'efs';
  });
  const load = { size: 500, wal: 50, files: 0 };
  const { changes, refused } = impactOf(sides(production, edit), [], { load });
  const row = changes.find(({ area, verdict }) => area === 'cost' && verdict === 'changed');
  expect(row).toMatchObject({ what: 'cost of the copies in a month, for 500 GB and 50 GB of WAL a day' });
  const sum = (text = '') => Number(text.replace(/[^\d]/g, ''));
  expect(sum(row?.after)).toBeGreaterThan(sum(row?.before) + 1000);
  expect(refused).toEqual([]);
});

describe('the standby', () => {
  test('that becomes the primary: the failover is said first, with its losses, its repository and its WAL', async () => {
    const report = impactOf({ before: standby, after: await declaredIn('dr', { role: 'primary' }) }, []);
    expect(report.refused).toEqual(['failover']);
    const [first = '', leaders, lost, source] = report.failover?.says ?? [];
    expect(impactMarkdown(report)).toMatch(/^### Recovery impact: dr\n\n\*\*Applying this is the failover\.\*\*/);
    expect(first).toContain('stops following us-east-1-1 and leads');
    expect(leaders).toContain('Two leaders may result');
    expect(leaders).toContain('dr failover --stack dr --old-context');
    expect(lost).toMatch(/postgres up to 6 min \(.*archive_timeout.*\).*redis up to/);
    expect(source).toContain(
      'the WAL of us-east-1-1 in the repository `secondary` (bucket go-coffee-backups-eu-west-1 in eu-west-1)',
    );
  });

  test('that follows the repository of the first region is told what that costs', async () => {
    const follows = { of: { site: 'us-east-1', generation: 1 }, repository: 'primary' };
    const report = impactOf({ before: standby, after: await declaredIn('dr', { standby: follows }) }, []);
    expect(report.changes.find(({ what }) => what === 'what the standby follows')).toMatchObject({
      before: 'WAL of us-east-1-1 in secondary (bucket go-coffee-backups-eu-west-1 in eu-west-1)',
      after: 'WAL of us-east-1-1 in primary (bucket go-coffee-backups in us-east-1)',
      verdict: 'worse',
    });
    expect(report.changes.filter(({ what, verdict }) => verdict === 'worse' && /Key aws-topic/.test(what))).toEqual([]);
    expect(impactMarkdown(report)).toContain('with us-east-1 gone it can be neither filled nor brought up to date');
  });
});

test('a long comment is cut between two rows, and says how many are left out', () => {
  const text = impactMarkdown(impactOf({ before: production, after: { ...production, resources: [] } }, []), 4000);
  expect(text.length).toBeLessThanOrEqual(4000);
  const [, count] = /\n\n(\d+) rows more: `dr impact preview\.json` shows them all\./.exec(text) ?? [];
  expect(Number(count)).toBeGreaterThan(100);
  for (const line of text.split('\n').filter((one) => one.startsWith('| '))) expect(line).toMatch(/ \|$/);
  expect(LONGEST * 2).toBeLessThan(65_536);
});
