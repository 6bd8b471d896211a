/** Which channels a message goes to: the plan's, each by the settings of its kind or by hand, and those that only dr.yaml has. Pure. */
import type { Plan } from '../../../plan/types.ts';
import type { ChannelSettings } from '../../config/channels.ts';
import type { Environment } from '../../config/environment.ts';

export interface Channel {
  /** The plan's kind (`slack`, `status-page`), with a number where the plan has a second one of a kind; or the name in dr.yaml. */
  readonly id: string;
  readonly title: string;
  /** Where people find it. Empty for a channel that the plan does not have. */
  readonly address: string;
  /** Undefined: somebody must pass the text on. */
  readonly settings: ChannelSettings | undefined;
  /** The field of dr.yaml. */
  readonly where: string;
}

/** An exercise goes to the test channels alone; nothing of it is passed on by hand. */
export function channelsOf(
  plan: Pick<Plan, 'channels'>,
  { incident }: Pick<Environment, 'incident'>,
  exercise: boolean,
): Channel[] {
  const section = exercise ? 'testChannels' : 'channels';
  const settings = incident?.[section] ?? {};
  const planned = numbered([...plan.channels.internal, ...plan.channels.external]);
  const own = Object.entries(settings).map(([id, each]): Channel => {
    const { title = id, address = '' } = planned.find((channel) => channel.id === id) ?? {};
    return { id, title, address, settings: each, where: `incident.${section}.${id}` };
  });
  const byHand = planned.filter(({ id }) => settings[id] === undefined);
  const rest = exercise ? [] : byHand.map((each) => ({ ...each, settings: undefined, where: 'plan' }));
  return [...own, ...rest];
}

function numbered<T extends { readonly kind: string }>(channels: readonly T[]): (T & { readonly id: string })[] {
  const seen = new Map<string, number>();
  return channels.map((channel) => {
    const count = (seen.get(channel.kind) ?? 0) + 1;
    seen.set(channel.kind, count);
    return { ...channel, id: count === 1 ? channel.kind : `${channel.kind}-${count}` };
  });
}
