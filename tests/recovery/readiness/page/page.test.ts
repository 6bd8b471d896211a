import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import type { Facts } from '../../../../recovery/readiness/facts.ts';
import { judgeReadiness } from '../../../../recovery/readiness/judge.ts';
import { statusPage, waitingPage } from '../../../../recovery/readiness/page/page.ts';
import type { PageIncident } from '../../../../recovery/readiness/page/view.ts';
import { accessibilityFaults, hasBrowser, NO_BROWSER, withBrowser } from '../../../browser.ts';
import { scratch } from '../../../scratch.ts';
import { aDrill, ago, aRepository, aSite, daysAgo, NOW, reachablePlan } from '../facts-fixture.ts';

const pageOf = (facts: Facts, incident?: PageIncident): string =>
  statusPage({ plan: facts.plan, report: judgeReadiness(facts), observation: facts.observation, incident, now: NOW });

const running: PageIncident = {
  id: '20261130-1100',
  title: 'Complete Infrastructure Failure',
  severity: 'P1',
  status: 'Investigating',
  declaredAt: ago(130),
  updateDueAt: ago(5),
  tiers: [
    { tier: 'P1', objectiveSeconds: 7200 },
    { tier: 'P2', objectiveSeconds: 14_400 },
  ],
};

/** Something of each state. */
const mixed = (): Facts =>
  aSite({
    records: (all) => all.filter(({ id }) => id !== 'escrow-written'),
    observation: {
      repositories: [
        aRepository('local', { sound: false, problems: ['a point was removed'] }),
        aRepository('primary', { reachable: false, fact: 'ECONNREFUSED' }),
        aRepository('offsite', { reachable: false, away: true, fact: 'not mounted' }),
      ],
      measurements: [...aDrill('complete-failure', daysAgo(100)), ...aDrill('human-error', daysAgo(1), false)],
    },
  });

test('the page says the verdict, tiers, windows, repositories, drills, and what is due', () => {
  const html = pageOf(mixed());
  for (const text of [
    'NOT READY',
    'production (main)',
    'a point was removed',
    'does not answer',
    'objective missed',
    'dr keys escrow',
  ]) {
    expect(html).toContain(text);
  }
  expect(html.match(/class="bar window"/g)?.length).toBe(mixed().plan.workloads.length * 3);
  expect(html).not.toMatch(/NaN|undefined|Infinity|\[object/);
  expect(pageOf(aSite())).toContain('>READY<');
});

test('a running incident shows both clocks: since the declaration, and what is left of each RTO', () => {
  const html = pageOf(aSite(), running);
  for (const text of [
    'An incident is open',
    '2 h 10 min ago',
    'overdue for 5 min',
    'RTO missed 10 min ago',
    '1 h 50 min left of its RTO',
  ]) {
    expect(html).toContain(text);
  }
  expect(pageOf(aSite())).not.toContain('An incident is open');
});

test('it loads nothing, runs nothing, and escapes what others wrote', () => {
  const nasty = `<script>alert("x")</script>&'`;
  const plan = reachablePlan((each) => {
    for (const tier of each.tiers) for (const service of tier.services) service.title = nasty;
    for (const own of each.tests) own.title = nasty;
  });
  const html = pageOf(
    aSite({ plan, observation: { repositories: [aRepository('local', { sound: false, problems: [nasty] })] } }),
    { ...running, title: nasty },
  );
  expect(html).not.toMatch(/<(script|link|iframe|img|object|embed|form)\b/i);
  expect(html).not.toMatch(/\b(?:src|action|xlink:href)\s*=|https?:\/\/|url\(|@import/i);
  expect([...html.matchAll(/href="([^"]*)"/g)].every(([, target]) => target?.startsWith('#'))).toBe(true);
  expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(10);
});

test('before the first look has ended it says so', () => {
  expect(waitingPage('<b>')).toContain('&lt;b&gt;');
});

test.skipIf(!hasBrowser)(
  `in a browser: contrast, keyboard, phone, nothing from elsewhere (${NO_BROWSER})`,
  async () => {
    const file = join(await scratch(), 'status.html');
    await writeFile(file, pageOf(mixed(), running));
    await withBrowser(async (browser) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const viewport of [
          { width: 1280, height: 900 },
          { width: 360, height: 740 },
        ]) {
          // Without scripts for the reader; axe is run by the test alone.
          const context = await browser.newContext({ colorScheme, viewport, reducedMotion: 'reduce' });
          const page = await context.newPage();
          const asked: string[] = [];
          page.on('request', (request) => asked.push(request.url()));
          await page.goto(pathToFileURL(file).href);
          expect(await page.title()).toBe('NOT READY: production (main)');
          expect(await page.locator('.incident').isVisible()).toBe(true);
          expect(await accessibilityFaults(page), `${colorScheme} ${viewport.width}`).toEqual([]);
          // Only the timeline is wider than a phone, and it scrolls by itself.
          const width = await page.evaluate('document.documentElement.scrollWidth');
          expect(width, `${colorScheme} ${viewport.width}`).toBeLessThanOrEqual(viewport.width);
          expect(asked).toEqual([pathToFileURL(file).href]);
          await context.close();
        }
      }
      const page = await browser.newPage({ javaScriptEnabled: true });
      await page.goto(pathToFileURL(file).href);
      const reached: string[] = [];
      for (let n = 0; n < 8; n += 1) {
        await page.keyboard.press('Tab');
        reached.push(String(await page.evaluate('document.activeElement.textContent.trim().slice(0, 20)')));
      }
      expect(reached.slice(0, 7)).toEqual([
        'Skip to the content',
        'Tiers',
        'Windows',
        'Repositories',
        'Drills',
        'Due',
        'Checks',
      ]);
      const opened = (): Promise<number> => page.locator('details[open]').count();
      const before = await opened();
      await page.locator('details:not([open]) summary').first().focus();
      await page.keyboard.press('Enter');
      expect(await opened()).toBe(before + 1);
    });
  },
);
