/** `dr incident update`: people hear something, and the clock of the next update starts again. */
import { Command } from '@commander-js/extra-typings';
import { didYouMean } from '../../../plan/nearest.ts';
import type { Plan } from '../../../plan/types.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { etaNow } from '../../../recovery/incident/eta.ts';
import type { Severity } from '../../../recovery/incident/events.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { askFor, atOption, byOption, incidentData, incidentOption, openAll, writtenBy } from './open.ts';

const declaration = () =>
  new Command('update')
    .description('Tell every channel how it stands: an update of the incident, filled from what is known.')
    .option('--text <text>', 'what is new; asked for on a terminal')
    .option('--status <status>', 'Investigating, Identified or Monitoring (default: as before)')
    .option('--severity <tier>', 'P1 to P4 (default: as before)')
    .option('--impact <text>', 'what users notice (default: as before)')
    .option('--issue <text>', 'what is wrong (default: as before)')
    .option('--eta <text>', 'when it should be over (default: as before)')
    .option('--no-send', 'only keep it; the clock of the next update goes on')
    .addOption(atOption('when that was'))
    .addOption(byOption())
    .addOption(incidentOption())
    .addHelpText(
      'after',
      examples(
        'dr incident update --status Identified --text "The database is being restored"',
        'dr incident update --text "The data centre answers again" --no-send',
      ),
    );

/** Exit 3 when a channel could not be told. */
async function update(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [
    { updateText },
    { fieldsUnfilled, templateOf },
    { sendMessage, reachedAll },
    { updateInterval },
    { sentText },
  ] = await Promise.all([
    import('../../../recovery/incident/messages/update.ts'),
    import('../../../recovery/incident/messages/template.ts'),
    import('../../../recovery/incident/deliver.ts'),
    import('../../../recovery/incident/clocks.ts'),
    import('../../../recovery/incident/text.ts'),
  ]);
  const { site, incidents } = await openAll(context);
  const { plan } = site;
  const { id } = incidents.openOne(options.incident);
  const written = await writtenBy(options, context);
  const status = statusOf(plan, options.status);
  const asked = await askFor({ text: options.text }, { text: 'What is new?' }, context.signal);
  const text = asked.text?.trim() ?? '';
  if (text === '') throw fieldsUnfilled('update', ['--text']);
  const { severity, impact, issue, eta } = options;
  const event = {
    type: 'updated',
    text,
    ...(status === undefined ? {} : { status }),
    ...(severity === undefined ? {} : { severity: severityOf(plan, severity) }),
    ...(impact === undefined ? {} : { impact }),
    ...(issue === undefined ? {} : { issue }),
    ...(eta === undefined ? {} : { eta }),
  } as const;
  await incidents.append(id, event, written);
  const now = incidents.get(id);
  if (!options.send) return { kind: 'Incident', data: incidentData(now), text: `kept in ${id}; nobody was told` };
  const every = updateInterval(plan) ?? 0;
  const message = updateText(templateOf(plan, 'initial'), {
    severity: now.severity,
    status: now.status,
    impact: now.impact ?? 'not known yet',
    eta: eta ?? etaNow(now.eta, context.now()),
    text,
    tiersBack: [...new Set(now.commands.flatMap(({ tiers }) => tiers.map(({ tier }) => tier)))].sort(),
    nextUpdate: new Date(written.now.getTime() + every * 1000),
  });
  const ports = { site, incidents, written: { by: written.by, now: written.now } };
  const sent = await sendMessage(now, { template: 'update', text: message, status: now.status }, ports);
  return {
    exit: exitFor({ partial: !reachedAll(sent) }),
    kind: 'Incident',
    data: { ...incidentData(incidents.get(id)), deliveries: sent.deliveries },
    text: sentText(sent),
  };
}

/** What the plan's first message may say. `Resolved` is said by `dr incident resolve`. */
function statusOf({ templates }: Plan, typed: string | undefined): string | undefined {
  if (typed === undefined) return undefined;
  const field = templates.find(({ id }) => id === 'initial')?.fields.find(({ name }) => name === 'status');
  const known = (field?.oneOf ?? []).filter((each) => each !== 'Resolved');
  const found = known.find((each) => each.toLowerCase() === typed.toLowerCase());
  if (found !== undefined) return found;
  throw badInput({
    code: 'STATUS-UNKNOWN',
    where: '--status',
    fact: `"${typed}" is not a status of the plan's first message.${didYouMean(typed, known)}`,
    hint: `one of: ${known.join(', ')}; when it is over: dr incident resolve`,
  });
}

function severityOf({ tiers }: Plan, typed: string): Severity {
  const ids = tiers.map(({ id }) => id);
  const found = ids.find((each) => each === typed.toUpperCase());
  if (found !== undefined) return found;
  throw badInput({
    code: 'SEVERITY-UNKNOWN',
    where: '--severity',
    fact: `"${typed}" is not a severity.${didYouMean(typed, ids)}`,
    hint: `one of: ${ids.join(', ')}`,
  });
}

export const declare = siteCommand({ declare: declaration, run: update });
