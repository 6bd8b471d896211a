import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Panel } from '../../../infra/monitoring/dashboard/panels.ts';
import { dashboard } from '../../../infra/monitoring/dashboard.ts';
import { productionPlan } from '../../../plan/production.ts';
import { METRICS } from '../../../recovery/status/monitor/samples.ts';
import { scratch } from '../../scratch.ts';
import { hasPromtool, promtool } from './promtool.ts';

const { panels, ...head } = dashboard(productionPlan);
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const titled = (title: string): Panel => panels.find((each) => each.title === title) as Panel;
const limits = (panel: Panel): (number | null)[] =>
  panel.fieldConfig?.defaults.thresholds.steps.map(({ value }) => value) ?? [];

test('shows every metric of the exporter, and no other', () => {
  const shown = expressions.flatMap((expr) => expr.match(/go_coffee_dr_\w+/g) ?? []);
  expect([...new Set(shown)].sort()).toEqual(Object.keys(METRICS).sort());
});

test('limits are the plan’s', () => {
  expect(limits(titled('P1: would lose now'))).toEqual([null, 3600]);
  expect(limits(titled('P3: last recovery took'))).toEqual([null, 8 * 3600]);
  expect(limits(titled('Storage used'))).toEqual([null, 0.8, 0.95]);
  expect(limits(titled('Age of the archived WAL, lag of the standby'))).toEqual([null, 360, 3600]);
  const storage = { warningPercent: 60, criticalPercent: 70 };
  const other = dashboard({ ...productionPlan, thresholds: { ...productionPlan.thresholds, storage } });
  expect(limits(other.panels.find(({ title }) => title === 'Storage used') as Panel)).toEqual([null, 0.6, 0.7]);
});

test('no panel lies on another or over the edge, and ids are their own', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = new Set<string>();
  for (const { gridPos, title } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(cells.has(`${x},${y}`), title).toBe(false);
        cells.add(`${x},${y}`);
      }
    }
  }
});

test('is JSON, without a host or a secret in it', () => {
  const text = JSON.stringify({ ...head, panels });
  expect(JSON.parse(text)).toEqual({ ...head, panels });
  expect(text).not.toMatch(/https?:|password/i);
  expect(panels.every(({ type, datasource }) => type === 'row' || datasource?.uid === '$datasource')).toBe(true);
});

test.skipIf(!hasPromtool)('every expression is one for Prometheus (promtool)', async () => {
  const file = join(await scratch(), 'rules.yaml');
  const rules = expressions.map((expr, n) => ({ record: `panel:${n}`, expr }));
  await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
  expect(promtool(['check', 'rules', file])).toContain(`SUCCESS: ${expressions.length} rules`);
});
