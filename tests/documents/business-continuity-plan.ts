/** docs/BUSINESS_CONTINUITY_PLAN.md: how long the business can do without what, who decides, what is exercised. */
import type { Plan } from '../../plan/types.ts';
import { bullets, generated, page, tableOf, wrap } from './text.ts';

export function businessContinuityPlan(plan: Plan): string {
  const { rto, rpo, scope } = plan.objectives;
  const initial = plan.templates.find(({ id }) => id === 'initial');
  return page(
    '# Business continuity plan',
    generated('the shipped plan'),
    '## How long without, how much lost',
    tableOf(
      ['tier', 'services', 'back within (RTO)', 'lost at most (RPO)'],
      plan.tiers.map(({ id, name, services, rto: back, rpo: lost }) => [
        `${id} ${name}`,
        services.map(({ title }) => title).join(', '),
        back,
        lost,
      ]),
    ),
    tableOf(
      ['objective', 'of', 'at most'],
      [
        ['RTO', `critical services (${scope.critical.join(', ')})`, rto.critical],
        ['RTO', `full platform (${scope.full.join(', ')})`, rto.full],
        ['RTO', `non-critical services (${scope.nonCritical.join(', ')})`, rto.nonCritical],
        ['RPO', 'database', rpo.database],
        ['RPO', 'application data', rpo.applicationData],
        ['RPO', 'configuration', rpo.configuration],
      ],
    ),
    wrap(
      'These are what is wanted. What was measured shows `dr objectives`, and each [drill](drills.md) measures it again.',
    ),
    '## Scenarios',
    tableOf(
      ['scenario', 'what happens', 'proven by'],
      plan.scenarios.map(({ id, title, description }) => [title, description, `\`dr drill --scenario ${id}\``]),
    ),
    '## Who',
    tableOf(
      ['role', 'primary', 'secondary', 'contact'],
      plan.team.map(({ role, primary, secondary, contact }) => [role, primary, secondary, contact]),
    ),
    tableOf(
      ['channel', 'kind', 'address'],
      [...plan.channels.internal, ...plan.channels.external].map(({ title, kind, address }) => [title, kind, address]),
    ),
    ...(initial?.updateEvery === undefined
      ? []
      : [wrap(`While an incident is open an update goes out every ${initial.updateEvery}.`)]),
    '## Third parties',
    plan.integrations.length === 0
      ? wrap(
          'The shipped plan names none. Name yours under `integrations` of the plan, with an owner, a contact and what people do by hand; `dr.yaml` says how each is tried.',
        )
      : tableOf(
          ['integration', 'owner', 'contact', 'by hand'],
          plan.integrations.map(({ title, owner, contact, byHand }) => [title, owner, contact, byHand]),
        ),
    '## Tests',
    tableOf(
      ['test', 'how often', 'command'],
      plan.tests.map(({ title, cadence, run }) => [title, cadence, run === undefined ? 'people do it' : `\`${run}\``]),
    ),
    '## After an incident',
    tableOf(
      ['when', 'actions'],
      plan.postRecovery.map(({ title, from, to, actions }) => [`${title} (${from} to ${to})`, actions.join(', ')]),
    ),
    '## Reviews',
    tableOf(
      ['how often', 'what is reviewed'],
      plan.maintenance.reviews.map(({ cadence, what }) => [cadence, what]),
    ),
    '## While the platform is down',
    bullets([
      'The runbook of the site is in the escrow file and beside each off-site copy: it needs no network to be read.',
      'Orders that are taken by hand are entered after the recovery, with the time at which they were taken.',
      'A payment is not repeated before the integrity of the restored data is checked: `dr verify --deep`.',
    ]),
  );
}
