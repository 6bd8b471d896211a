import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { exerciseKit } from '../../../recovery/exercise/kit.ts';
import { kitPage } from '../../../recovery/exercise/text.ts';
import { renderHtml } from '../../../recovery/report/html.ts';
import { accessibilityFaults, hasBrowser, NO_BROWSER, withBrowser } from '../../browser.ts';
import { scratch } from '../../scratch.ts';
import { sampleReport } from './sample-report.ts';

const step = {
  at: '2026-11-23T02:01:20.000Z',
  tier: 'P1',
  event: 'copy PostgreSQL',
  beganSeconds: 2,
  offsetSeconds: 20,
};
const PAGES = {
  'a drill’s report': () => renderHtml(sampleReport({ timeline: [...sampleReport().timeline, step] })),
  'a facilitator’s kit': () => kitPage(exerciseKit(productionPlan, 'security-breach')),
};

test.skipIf(!hasBrowser)(
  `other pages in a browser: contrast, structure, phone, nothing from elsewhere (${NO_BROWSER})`,
  async () => {
    const folder = await scratch();
    await withBrowser(async (browser) => {
      for (const [name, render] of Object.entries(PAGES)) {
        const file = join(folder, 'page.html');
        await writeFile(file, render());
        for (const colorScheme of ['light', 'dark'] as const) {
          const context = await browser.newContext({ colorScheme, viewport: { width: 360, height: 740 } });
          const page = await context.newPage();
          const asked: string[] = [];
          page.on('request', (request) => asked.push(request.url()));
          await page.goto(pathToFileURL(file).href);
          expect(await accessibilityFaults(page), `${name}, ${colorScheme}`).toEqual([]);
          expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(360);
          expect(asked).toHaveLength(1);
          await context.close();
        }
      }
    });
  },
);
