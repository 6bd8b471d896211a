/** A drill's report as one self-contained HTML file: no scripts, fonts, images or network. */
import { Eta } from 'eta';
import { formatDuration } from '../../plan/duration.ts';
import { checkCount, drillView, environmentFacts } from './drill-view.ts';
import { formatTime } from './format.ts';
import { timelineSvg } from './timeline-svg.ts';
import type { DrillReport } from './types.ts';

const eta = new Eta({ views: import.meta.dirname, autoEscape: true, cache: true });

export function renderHtml(report: DrillReport): string {
  return eta.render('./drill-report', {
    report,
    view: drillView(report),
    timeline: timelineSvg(report),
    lanes: laneEvents(report),
    environment: environmentFacts(report),
    checks: checkCount(report),
    formatTime,
    formatDuration,
  });
}

/** The timeline as text: events of all tiers first, then tier by tier. */
function laneEvents(report: DrillReport): { title: string; events: DrillReport['timeline'] }[] {
  const lanes = [undefined, ...report.tiers.map((tier) => tier.id)];
  return lanes
    .map((lane) => ({
      title: lane === undefined ? 'All tiers' : `${lane} ${report.tiers.find((tier) => tier.id === lane)?.name ?? ''}`,
      events: report.timeline.filter((event) => event.tier === lane),
    }))
    .filter(({ events }) => events.length > 0);
}
