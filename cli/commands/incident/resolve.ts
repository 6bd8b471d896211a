/** `dr incident resolve`: it is over; the plan's last message, and what is to be done afterwards. */
import { Command } from '@commander-js/extra-typings';
import { formatDuration } from '../../../plan/duration.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { Incident } from '../../../recovery/incident/incident.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import {
  askFor,
  atOption,
  byOption,
  incidentData,
  incidentOption,
  type OpenedIncidents,
  openAll,
  writtenBy,
} from './open.ts';

const declaration = () =>
  new Command('resolve')
    .description('End the open incident: send the plan’s last message and set the follow-ups with owner and due time.')
    .option('--services <text>', 'what was affected (default: the services of the severity’s tier)')
    .option('--root-cause <text>', 'why it happened, in a sentence; asked for on a terminal')
    .option('--resolution <text>', 'what was done (default: the commands that ran)')
    .addOption(atOption('when it was over'))
    .addOption(byOption())
    .addOption(incidentOption())
    .addHelpText(
      'after',
      examples('dr incident resolve --root-cause "A disk controller failed" --resolution "Restored from eu-west-1"'),
    );

/** If it was killed, the same command sends and sets the rest. Exit 3 when a channel could not be told. */
async function resolve(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [{ reachedAll, sendMessage, deliver }, { missingFollowUps }, { sentText }] = await Promise.all([
    import('../../../recovery/incident/deliver.ts'),
    import('../../../recovery/incident/follow-ups.ts'),
    import('../../../recovery/incident/text.ts'),
  ]);
  const opened = await openAll(context);
  const { site, incidents } = opened;
  const written = await writtenBy(options, context);
  const half = halfResolved(opened, options.incident);
  const before = half ?? incidents.openOne(options.incident);
  const { id } = before;
  const message = await messageOf(before, options, opened, context, written.at ?? written.now);
  if (half === undefined) await incidents.append(id, { type: 'resolved', ...message.event }, written);
  for (const each of missingFollowUps(site.plan, incidents.get(id)))
    await incidents.append(id, each, { by: written.by, now: written.now });
  const ports = { site, incidents, written: { by: written.by, now: written.now } };
  const incident = incidents.get(id);
  const last = incident.messages.find(({ template }) => template === 'resolved');
  const sent =
    last === undefined
      ? await sendMessage(incident, { template: 'resolved', text: message.text, status: 'Resolved' }, ports)
      : await deliver(incident, last, ports);
  const { length } = incidents.get(id).followUps;
  return {
    exit: exitFor({ partial: !reachedAll(sent) }),
    kind: 'Incident',
    data: { ...incidentData(incidents.get(id)), deliveries: sent.deliveries },
    text: [
      `resolved ${id} after ${formatDuration(durationOf(incidents.get(id)))}`,
      '',
      sentText(sent),
      '',
      `next: dr incident post-mortem ${id}; ${length} follow-ups: dr incident follow-ups --incident ${id}`,
    ].join('\n'),
  };
}

/** A resolved one whose last message has not been tried on every channel, or that lacks follow-ups: its run was killed. */
function halfResolved({ site, incidents }: OpenedIncidents, named: string | undefined): Incident | undefined {
  const candidates = named === undefined ? incidents.all() : [incidents.get(named)];
  if (named === undefined && incidents.open().length > 0) return undefined;
  return candidates.find(({ resolvedAt, messages, followUps }) => {
    if (resolvedAt === undefined) return false;
    const last = messages.find(({ template }) => template === 'resolved');
    const actions = site.plan.postRecovery.flatMap((each) => each.actions).length;
    return last === undefined || last.deliveries.size === 0 || followUps.length < actions;
  });
}

function durationOf({ declaredAt, resolvedAt = declaredAt }: Incident): number {
  return (Date.parse(resolvedAt) - Date.parse(declaredAt)) / 1000;
}

async function messageOf(
  incident: Incident,
  options: OptionsOf<typeof declaration>,
  { site: { plan } }: OpenedIncidents,
  { signal }: SiteContext,
  at: Date,
): Promise<{ event: { services: string; rootCause: string; resolution: string }; text: string }> {
  const { fillTemplate, templateOf } = await import('../../../recovery/incident/messages/template.ts');
  const known = incident.resolution;
  const tier = plan.tiers.find(({ id }) => id === incident.severity);
  const ran = [...new Set(incident.commands.filter(({ exit }) => exit === 0).map(({ line }) => line))];
  const services = options.services ?? known?.services ?? tier?.services.map(({ title }) => title).join(', ');
  const asked = await askFor(
    {
      'root-cause': options.rootCause ?? known?.rootCause,
      resolution: options.resolution ?? known?.resolution ?? (ran.length === 0 ? undefined : ran.join('; ')),
    },
    { 'root-cause': 'Why did it happen, in a sentence?', resolution: 'What was done?' },
    signal,
  );
  const duration = formatDuration(durationOf({ ...incident, resolvedAt: incident.resolvedAt ?? at.toISOString() }));
  const text = fillTemplate(templateOf(plan, 'resolved'), { ...asked, services, duration }, (field) => `--${field}`);
  const event = {
    services: services ?? '',
    rootCause: asked['root-cause'] ?? '',
    resolution: asked.resolution ?? '',
  };
  return { event, text };
}

export const declare = siteCommand({ declare: declaration, run: resolve });
