/** The runbook as one self-contained HTML file: no scripts, fonts, images or network. It prints on white, a scenario a page. */
import { Eta } from 'eta';
import { formatTime } from '../report/format.ts';
import type { Runbook } from './model.ts';

const eta = new Eta({ views: import.meta.dirname, autoEscape: true, cache: true });

export function runbookHtml(runbook: Runbook): string {
  return eta.render('./runbook', { ...runbook, formatTime });
}
