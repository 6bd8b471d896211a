/** What all commands of an incident share. */
import { Option } from '@commander-js/extra-typings';
import type { Site } from '../../../recovery/config/site.ts';
import type { Incident } from '../../../recovery/incident/incident.ts';
import type { Incidents, WrittenBy } from '../../../recovery/incident/incidents.ts';
import type { SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import { askText, canAsk } from './ask.ts';

export interface OpenedIncidents {
  readonly site: Site;
  readonly incidents: Incidents;
}

export async function openAll(context: SiteContext): Promise<OpenedIncidents> {
  const { openIncidents } = await import('../../../recovery/incident/incidents.ts');
  const site = await openSite(context);
  return { site, incidents: await openIncidents(site) };
}

export function incidentOption() {
  return new Option('--incident <id>', 'which incident (default: the only open one)');
}

export function byOption() {
  return new Option('--by <person>', 'who says so (default: ACCOUNT@HOST of this command)');
}

export function atOption(what: string) {
  return new Option('--at <time>', `${what}, with its zone: 2026-11-23T02:00:00Z (default: now)`);
}

/** Throws exit 2 for a time that is none or in the future. */
export async function writtenBy(
  { by, at }: { readonly by?: string | undefined; readonly at?: string | undefined },
  { now }: Pick<SiteContext, 'now'>,
): Promise<WrittenBy> {
  const [{ parseMoment }, { accountName }] = await Promise.all([
    import('../../../recovery/points/target.ts'),
    import('../../../recovery/core/holder.ts'),
  ]);
  const moment = now();
  return { by: by ?? accountName(), now: moment, ...(at === undefined ? {} : { at: parseMoment(at, moment, '--at') }) };
}

/** Asks for the fields that are missing. Without a terminal they stay missing, and who fills the template names them. */
export async function askFor<Name extends string>(
  values: Readonly<Record<Name, string | undefined>>,
  questions: Readonly<Partial<Record<Name, string>>>,
  signal: AbortSignal,
): Promise<Record<Name, string | undefined>> {
  const filled: Record<Name, string | undefined> = { ...values };
  if (!canAsk()) return filled;
  for (const [name, question] of Object.entries(questions) as [Name, string][]) {
    if ((filled[name] ?? '').trim() === '') filled[name] = await askText(question, signal);
  }
  return filled;
}

/** What `-o json` prints of an incident: a Map has no JSON. */
export function incidentData({ messages, ...incident }: Incident): object {
  return {
    ...incident,
    messages: messages.map(({ deliveries, ...message }) => ({
      ...message,
      deliveries: Object.fromEntries(deliveries),
    })),
  };
}
