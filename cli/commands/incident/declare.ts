/** `dr incident declare`: from now on the clocks run, the team has its roles, and people are told. */
import { Command } from '@commander-js/extra-typings';
import { didYouMean } from '../../../plan/nearest.ts';
import type { Plan } from '../../../plan/types.ts';
import type { Site } from '../../../recovery/config/site.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { Severity } from '../../../recovery/incident/events.ts';
import type { Damage } from '../../../recovery/status/assess/severity.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { dryRunOption, examples } from '../../flags.ts';
import { askFor, atOption, byOption, incidentData, openAll, writtenBy } from './open.ts';

/** A disaster is declared while it is being looked at: nobody waits longer for that. */
const LOOK_SECONDS = 20;
const SEVERITIES: readonly Severity[] = ['P1', 'P2', 'P3', 'P4'];

const declaration = () =>
  new Command('declare')
    .description('Declare an incident: assign the roles of the plan’s team, and send its first message.')
    .requiredOption('--scenario <id>', 'scenario of the plan (`dr assess` names it), or none while nobody knows it')
    .option('--severity <tier>', 'P1 to P4 (default: the worst tier that is down)')
    .option('--impact <text>', 'what users notice; asked for on a terminal')
    .option('--issue <text>', 'what is wrong (default: the title of the scenario)')
    .option('--eta <text>', 'when it should be over (default: from the last measured recovery of the tier)')
    .addOption(atOption('when the disaster was noticed: the clocks start there'))
    .option('--exercise', 'mark every message [EXERCISE] and send it to the test channels only', false)
    .addOption(byOption())
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples(
        'dr incident declare --scenario complete-failure --impact "No orders can be placed"',
        'dr incident declare --scenario security-breach --severity P1 --impact "Logins are off" --at 2026-11-23T02:00:00Z',
        'dr incident declare --scenario human-error --impact "Orders of today are missing" --exercise --dry-run',
      ),
    );

/** Exit 3 when a channel could not be told. */
async function declareIncident(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [{ firstRoles }, { fillTemplate, templateOf }, { sendMessage, reachedAll }, text] = await Promise.all([
    import('../../../recovery/incident/roles.ts'),
    import('../../../recovery/incident/messages/template.ts'),
    import('../../../recovery/incident/deliver.ts'),
    import('../../../recovery/incident/text.ts'),
  ]);
  const { scenario, exercise } = options;
  const given = severityOf(options.severity);
  const { site, incidents } = await openAll(context);
  const { plan } = site;
  const title = scenarioTitle(plan, scenario);
  const written = await writtenBy(options, context);
  const asked = await askFor({ impact: options.impact }, { impact: 'What do users notice?' }, context.signal);
  const template = templateOf(plan, 'initial');
  const damage = await damageOf(site, given, options.eta, context);
  const severity = given ?? damage?.severity ?? 'P1';
  const eta = options.eta ?? (await expected(site, severity, damage, written));
  const values = {
    severity,
    status: 'Investigating',
    impact: asked.impact,
    eta,
    issue: options.issue ?? title,
  };
  const message = fillTemplate(template, values, (field) => `--${field}`);
  const severityFrom = given === undefined ? (damage?.severityFrom ?? ('unclear' as const)) : ('given' as const);
  if (options.dryRun) return dryRun(site, { message, exercise });
  const facts = { scenario, severity, severityFrom, impact: asked.impact ?? '', issue: values.issue, eta, exercise };
  const { id, appended } = await incidents.declare(facts, written);
  const since = { by: written.by, now: written.now };
  for (const role of firstRoles(plan)) await incidents.append(id, role, since);
  const sent = await sendMessage(
    incidents.get(id),
    { template: 'initial', text: message, status: 'Investigating' },
    { site, incidents, written: since },
  );
  const why = severityFrom === 'given' ? [] : (damage?.why ?? []).map((each) => `${severity}: ${each}`);
  const correct =
    severityFrom === 'unclear'
      ? ['if it is another one: dr incident update --severity P2 --text "Orders alone are hit"']
      : [];
  return {
    exit: exitFor({ partial: !reachedAll(sent) }),
    kind: 'Incident',
    data: { ...incidentData(incidents.get(id)), severityWhy: damage?.why ?? [], deliveries: sent.deliveries },
    text: [
      `${exercise ? '[EXERCISE] ' : ''}declared ${id}: ${scenario}, ${text.severityText({ severity, severityFrom })}`,
      ...why,
      ...correct,
      ...text.unreachedText(appended.unreached),
      '',
      text.sentText(sent),
      '',
      'next: dr assess; then dr incident status',
    ].join('\n'),
  };
}

function severityOf(typed: string | undefined): Severity | undefined {
  if (typed === undefined) return undefined;
  const found = SEVERITIES.find((each) => each === typed.toUpperCase());
  if (found !== undefined) return found;
  throw badInput({
    code: 'SEVERITY-UNKNOWN',
    where: '--severity',
    fact: `"${typed}" is not a severity.${didYouMean(typed, SEVERITIES)}`,
    hint: `one of: ${SEVERITIES.join(', ')}`,
  });
}

function scenarioTitle({ scenarios }: Plan, typed: string): string {
  const found = scenarios.find(({ id }) => id === typed);
  if (found !== undefined) return found.title;
  if (typed === 'none') return 'a failure of the platform';
  const ids = scenarios.map(({ id }) => id);
  throw badInput({
    code: 'SCENARIO-UNKNOWN',
    where: '--scenario',
    fact: `"${typed}" is not a scenario of the plan.${didYouMean(typed, ids)}`,
    hint: `one of: ${[...ids, 'none'].join(', ')}`,
  });
}

/** Looks only where it is needed. */
async function damageOf(
  site: Site,
  given: Severity | undefined,
  eta: string | undefined,
  { now, progress, signal }: SiteContext,
): Promise<Damage | undefined> {
  if (given !== undefined && eta !== undefined) return undefined;
  const { inspectDamage } = await import('../../../recovery/status/assess/severity.ts');
  return inspectDamage(site, { now, progress, signal }, LOOK_SECONDS);
}

async function expected(
  site: Site,
  severity: Severity,
  damage: Damage | undefined,
  { at, now }: { readonly at?: Date | undefined; readonly now: Date },
): Promise<string> {
  const [{ expectedBack }, { allMeasurements }] = await Promise.all([
    import('../../../recovery/incident/eta.ts'),
    import('../../../recovery/report/measurements.ts'),
  ]);
  const measurements = await allMeasurements(site.environment.stateDir);
  return expectedBack({ plan: site.plan, measurements, severity, declaredAt: at ?? now, now, bytesNow: damage?.bytes });
}

async function dryRun(
  site: Site,
  { message, exercise }: { readonly message: string; readonly exercise: boolean },
): Promise<CommandResult> {
  const [{ channelsOf }, { marked }] = await Promise.all([
    import('../../../recovery/incident/channels/channels.ts'),
    import('../../../recovery/incident/deliver.ts'),
  ]);
  const channels = channelsOf(site.plan, site.environment, exercise).map(({ id, address, settings }) => ({
    channel: id,
    address,
    how: settings?.type ?? 'by hand',
  }));
  const text = marked(message, exercise);
  const to = channels.map(({ channel, how }) => `  ${channel} (${how})`);
  return {
    kind: 'IncidentPreview',
    data: { dryRun: true, text, channels },
    text: [
      text.trim(),
      '',
      'would be sent to:',
      ...(to.length === 0 ? ['  nobody: no test channel is configured'] : to),
    ].join('\n'),
  };
}

export const declare = siteCommand({ declare: declaration, run: declareIncident });
