/** A real browser for a page that a test has made: Debian's chromium, driven by playwright-core. */
import { existsSync } from 'node:fs';
import AxeBuilder from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const program = PROGRAMS.find(existsSync);
export const hasBrowser = program !== undefined;
export const NO_BROWSER = 'no chromium: apt-get install --no-install-recommends chromium';

export async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  if (program === undefined) throw new Error(NO_BROWSER);
  // The tests run as root, where chromium has no sandbox.
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/** What axe finds wrong, a line each: `color-contrast: .quiet …`. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(AxeBuilder.source);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    interface Violation {
      readonly id: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
    }
    return (await axe.run()).violations;
  });
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}
