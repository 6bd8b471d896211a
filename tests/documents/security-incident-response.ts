/** docs/SECURITY_INCIDENT_RESPONSE.md: the plan's scenario of a breach, with what stands behind each step. */
import type { Plan } from '../../plan/types.ts';
import type { Phase } from '../../recovery/runbook/model.ts';
import { bullets, generated, page, tableOf, wrap } from './text.ts';

const PHASES: readonly (readonly [Phase, string])[] = [
  ['immediate', 'Immediate response'],
  ['recovery', 'Recovery'],
  ['validation', 'Validation'],
];

export function securityIncidentResponse(plan: Plan): string {
  const breach = plan.scenarios.find(({ id }) => id === 'security-breach');
  if (breach === undefined) throw new Error('the plan has no scenario security-breach');
  return page(
    '# Security incident response',
    generated('the scenario `security-breach` of the shipped plan'),
    wrap(
      `${breach.description}. The order matters: what is restored before the evidence is kept destroys it. [A breach](breach.md) says how each command works; \`dr runbook run --scenario security-breach\` walks the steps.`,
    ),
    ...PHASES.flatMap(([phase, title]) => [
      `## ${title}`,
      tableOf(
        ['step', 'command', 'of the written plan'],
        breach[phase].steps.map(({ text, run = [], shell = [] }) => [
          text,
          run.map((line) => `\`${line}\``).join('<br>') || 'people do it',
          shell.map((line) => `\`${line}\``).join('<br>'),
        ]),
      ),
    ]),
    wrap(
      'Where a step has a command for a stack and one for a host, the first is for a cluster. Times, points and names of stacks are examples.',
    ),
    '## Who decides',
    tableOf(
      ['role', 'primary', 'secondary', 'contact'],
      plan.team.map(({ role, primary, secondary, contact }) => [role, primary, secondary, contact]),
    ),
    '## Rules',
    bullets([
      'Nobody deletes or restarts anything before `dr evidence collect` has ended.',
      'A point from after the break-in is marked: `dr points mark ID compromised`. `latest` skips it from then on.',
      'Copies are never cleaned in place. `--repository-time` reads a bucket as it was before the attack.',
      'Secrets change after the clean restore and before the services start. Old ones count as dead when a live server has refused them.',
      'S3 keys are revoked at the provider first: whoever has the writer’s key can hide copies, and remove none before their lock ends.',
      'An escrow file from before the rotation opens nothing new: `dr keys escrow` makes another one.',
    ]),
    '## Security measures of the plan',
    tableOf(
      ['measure', 'what it does'],
      plan.hardening.map(({ id, title }) => [`\`${id}\``, title]),
    ),
  );
}
