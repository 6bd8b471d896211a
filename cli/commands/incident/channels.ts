/** `dr incident deliver`, `delivered`, `test-channels`: who has heard it. */
import { Command } from '@commander-js/extra-typings';
import { didYouMean } from '../../../plan/nearest.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { Incident, SentMessage } from '../../../recovery/incident/incident.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples, listOption } from '../../flags.ts';
import { byOption, incidentOption, type OpenedIncidents, openAll, writtenBy } from './open.ts';

const deliverDeclaration = () =>
  new Command('deliver')
    .description('Try the last message again where it has not arrived, and print it for the channels told by hand.')
    .addOption(byOption())
    .addOption(incidentOption())
    .addHelpText('after', examples('dr incident deliver'));

/** Exit 3 when a channel still could not be told. */
async function deliverAgain(
  options: OptionsOf<typeof deliverDeclaration>,
  context: SiteContext,
): Promise<CommandResult> {
  const [{ deliver, reachedAll }, { sentText }] = await Promise.all([
    import('../../../recovery/incident/deliver.ts'),
    import('../../../recovery/incident/text.ts'),
  ]);
  const opened = await openAll(context);
  const incident = lastIncident(opened, options.incident);
  const message = lastMessage(incident);
  const written = await writtenBy(options, context);
  const sent = await deliver(incident, message, { ...opened, written });
  return { exit: exitFor({ partial: !reachedAll(sent) }), kind: 'IncidentMessage', data: sent, text: sentText(sent) };
}

/** The last message of a resolved incident may still have to be told. */
function lastIncident({ incidents }: OpenedIncidents, named: string | undefined): Incident {
  if (named !== undefined) return incidents.get(named);
  const [newest] = incidents.all();
  return incidents.open().length === 0 && newest !== undefined ? newest : incidents.openOne();
}

function lastMessage({ id, messages }: Incident): SentMessage {
  const last = messages.at(-1);
  if (last !== undefined) return last;
  throw badInput({
    code: 'MESSAGE-NONE',
    where: id,
    fact: 'no message was sent yet',
    hint: 'send one: dr incident update --text "…"',
  });
}

const deliveredDeclaration = () =>
  new Command('delivered')
    .argument('<channel>', 'a channel, e.g. phone, support, social')
    .description('Tick the last message as told by hand in a channel.')
    .addOption(byOption())
    .addOption(incidentOption())
    .addHelpText('after', examples('dr incident delivered phone --by "Marketing Lead"'));

async function delivered(
  options: OptionsOf<typeof deliveredDeclaration>,
  context: SiteContext,
  channel: string,
): Promise<CommandResult> {
  const { channelsOf } = await import('../../../recovery/incident/channels/channels.ts');
  const opened = await openAll(context);
  const { site, incidents } = opened;
  const incident = lastIncident(opened, options.incident);
  const message = lastMessage(incident);
  const ids = channelsOf(site.plan, site.environment, incident.exercise).map(({ id }) => id);
  if (!ids.includes(channel)) throw unknownChannel(channel, ids);
  const written = await writtenBy(options, context);
  const event = {
    type: 'delivery',
    message: message.id,
    channel,
    state: 'delivered-by-hand',
    person: written.by,
  } as const;
  await incidents.append(incident.id, event, written);
  return {
    kind: 'IncidentDelivery',
    data: { incident: incident.id, ...event },
    text: `${channel} was told "${message.title}" by ${written.by}`,
  };
}

function unknownChannel(channel: string, ids: readonly string[]): Error {
  return badInput({
    code: 'CHANNEL-UNKNOWN',
    where: 'channel',
    fact: `"${channel}" is not a channel.${didYouMean(channel, ids)}`,
    hint: `one of: ${ids.join(', ')}`,
  });
}

const testDeclaration = () =>
  new Command('test-channels')
    .description('Send a marked test to each channel that dr.yaml configures, and keep when it worked.')
    .addOption(listOption('--channel <id>', 'only this channel; several: repeat it, or use commas', 'all'))
    .addOption(byOption())
    .addHelpText('after', examples('dr incident test-channels', 'dr incident test-channels --channel slack'));

/** Exit 1 when none works, 3 when one does not; a channel that people tell by hand is named. */
async function test(options: OptionsOf<typeof testDeclaration>, context: SiteContext): Promise<CommandResult> {
  const [{ channelTests, testChannels }, { table }, { formatTime }] = await Promise.all([
    import('../../../recovery/incident/channel-tests.ts'),
    import('../../../recovery/report/table.ts'),
    import('../../../recovery/report/format.ts'),
  ]);
  const { site, incidents } = await openAll(context);
  const known = channelTests(site, incidents.records).map(({ channel }) => channel);
  const unknown = options.channel.find((each) => !known.includes(each));
  if (unknown !== undefined) throw unknownChannel(unknown, [...new Set(known)]);
  const { by, now } = await writtenBy(options, context);
  const results = await testChannels(site, incidents.records, { only: options.channel, by, now });
  if (options.channel.length === 0) await noteChannels(site, results, { by, now });
  const after = channelTests(site, incidents.records);
  const rows = results.map(({ channel, section, state, fact }) => {
    const last = after.find((each) => each.channel === channel && each.section === section)?.lastWorked;
    const shown = state === 'by-hand' ? 'told by hand' : state === 'delivered' ? 'works' : 'FAILED';
    return [channel, section, shown, last === undefined ? 'never worked' : formatTime(last), fact ?? ''];
  });
  const tried = results.filter(({ state }) => state !== 'by-hand');
  const failed = tried.filter(({ state }) => state !== 'delivered').length;
  const none =
    tried.length === 0 ? ['\nno channel is configured: add `incident.channels` to dr.yaml (docs/incidents.md)'] : [];
  return {
    exit: exitFor({ failure: tried.length > 0 && failed === tried.length, partial: failed > 0 }),
    kind: 'ChannelTests',
    data: { results, channels: after },
    text: [table(['channel', 'section', 'test', 'last worked', ''], rows), ...none].join('\n'),
  };
}

/** What `dr readiness` asks: a test of all channels, and which of them only people can test. */
async function noteChannels(
  site: OpenedIncidents['site'],
  results: readonly { readonly channel: string; readonly state: string }[],
  { by, now }: { readonly by: string; readonly now: Date },
): Promise<void> {
  const of = (state: string): string[] => results.filter((each) => each.state === state).map(({ channel }) => channel);
  const [worked, failed, byHand] = [of('delivered'), of('failed'), of('by-hand')];
  if (worked.length + failed.length === 0) return;
  const [{ writeRecord }, { FIELD_LIMIT }] = await Promise.all([
    import('../../../recovery/records/store.ts'),
    import('../../../recovery/records/proofs.ts'),
  ]);
  const says = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${what}: ${names.join(', ')}`];
  const note = [...says('reached', worked), ...says('not reached', failed), ...says('told by hand', byHand)]
    .join('; ')
    .slice(0, FIELD_LIMIT);
  const result = failed.length === 0 ? ('passed' as const) : ('failed' as const);
  await writeRecord(site, { by, about: 'proof', id: 'channels', result, note }, now);
}

export const declareDeliver = siteCommand({ declare: deliverDeclaration, run: deliverAgain });
export const declareDelivered = siteCommand({ declare: deliveredDeclaration, run: delivered });
export const declareTest = siteCommand({ declare: testDeclaration, run: test });
