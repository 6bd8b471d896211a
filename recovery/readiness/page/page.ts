/** The status page: one HTML document without scripts, and without a request to anywhere. */
import { Eta } from 'eta';
import { type PageFacts, pageView, storeWindows } from './view.ts';
import { windowsSvg } from './windows-svg.ts';

export type { PageFacts } from './view.ts';

const eta = new Eta({ views: import.meta.dirname, autoEscape: true, cache: true });

export function statusPage(facts: PageFacts): string {
  const windows = storeWindows(facts);
  return eta.render('./status-page', {
    view: pageView(facts),
    windows: windows.length === 0 ? '' : windowsSvg(windows, facts.now),
  });
}

/** Until the first look has ended. */
export function waitingPage(environment: string): string {
  return eta.render('./waiting-page', { environment });
}
