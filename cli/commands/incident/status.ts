/** `dr incident status`, `list`, `show`, `watch`: how it stands. */
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from '@commander-js/extra-typings';
import type { Incident } from '../../../recovery/incident/incident.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples, wholeNumber } from '../../flags.ts';
import { incidentData, incidentOption, type OpenedIncidents, openAll } from './open.ts';

const statusDeclaration = () =>
  new Command('status')
    .description('Show the open incident: its clocks, roles, commands, and what nobody has been told yet.')
    .addOption(incidentOption())
    .addHelpText('after', examples('dr incident status', 'dr incident status -o json | jq .clocks.tiers'));

async function status(options: OptionsOf<typeof statusDeclaration>, context: SiteContext): Promise<CommandResult> {
  const opened = await openAll(context);
  return shown(opened, opened.incidents.openOne(options.incident), context.now());
}

async function shown({ site, incidents }: OpenedIncidents, incident: Incident, now: Date): Promise<CommandResult> {
  const [{ clocksOf }, text] = await Promise.all([
    import('../../../recovery/incident/clocks.ts'),
    import('../../../recovery/incident/text.ts'),
  ]);
  const clocks = clocksOf(incident, site.plan, now);
  const { unreached } = incidents.records;
  return {
    kind: 'Incident',
    data: { ...incidentData(incident), clocks, unreached },
    text: [text.statusText(incident, clocks), ...text.unreachedText(unreached)].join('\n'),
  };
}

const listDeclaration = () =>
  new Command('list')
    .description('List the incidents of this environment, the newest first.')
    .addHelpText('after', examples('dr incident list', 'dr incident list -o json'));

async function list(_: OptionsOf<typeof listDeclaration>, context: SiteContext): Promise<CommandResult> {
  const { listText, unreachedText } = await import('../../../recovery/incident/text.ts');
  const { incidents } = await openAll(context);
  const all = incidents.all();
  const text = [listText(all), ...unreachedText(incidents.records.unreached)].join('\n');
  return { kind: 'Incidents', data: { incidents: all.map(incidentData) }, text };
}

const showDeclaration = () =>
  new Command('show')
    .argument('<id>', 'an incident’s id, e.g. inc-20261123T020000Z-7f3a')
    .description('Show one incident with its timeline: every event, command and message.')
    .addHelpText('after', examples('dr incident show inc-20261123T020000Z-7f3a'));

async function show(_: OptionsOf<typeof showDeclaration>, context: SiteContext, id: string): Promise<CommandResult> {
  const [{ clocksOf }, { showText }, { timelineOf }] = await Promise.all([
    import('../../../recovery/incident/clocks.ts'),
    import('../../../recovery/incident/text.ts'),
    import('../../../recovery/incident/timeline.ts'),
  ]);
  const { site, incidents } = await openAll(context);
  const incident = incidents.get(id);
  const clocks = clocksOf(incident, site.plan, context.now());
  const data = { ...incidentData(incident), clocks, timeline: timelineOf(incident) };
  return { kind: 'Incident', data, text: showText(incident, clocks) };
}

const watchDeclaration = () =>
  new Command('watch')
    .description('Show the open incident again and again, until it is resolved; says when an update is due.')
    .addOption(incidentOption())
    .option('--every <seconds>', 'seconds between two looks', wholeNumber(1, 'seconds, 1 or more'), 10)
    .addHelpText('after', examples('dr incident watch', 'dr incident watch --every 60'));

/** Ends when the incident is resolved, or by a signal. */
async function watch(options: OptionsOf<typeof watchDeclaration>, context: SiteContext): Promise<CommandResult> {
  const { signal } = context;
  const first = await openAll(context);
  const { id } = first.incidents.openOne(options.incident);
  let opened = first;
  for (;;) {
    const incident = opened.incidents.get(id);
    const result = await shown(opened, incident, context.now());
    if (incident.resolvedAt !== undefined || signal.aborted) return result;
    // A terminal keeps what was there before, so that one can scroll back.
    process.stderr.write(`${result.text}\n\n`);
    await delay(options.every * 1000, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    opened = await openAll(context);
  }
}

export const declareStatus = siteCommand({ declare: statusDeclaration, run: status });
export const declareList = siteCommand({ declare: listDeclaration, run: list });
export const declareShow = siteCommand({ declare: showDeclaration, run: show });
export const declareWatch = siteCommand({ declare: watchDeclaration, run: watch });
