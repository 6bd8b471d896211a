/** `dr doctor`: is this machine ready to back up and restore. */
import { Command } from '@commander-js/extra-typings';
import { exitFor } from '../../recovery/core/exit.ts';
import { table } from '../../recovery/report/table.ts';
import type { Check } from '../../recovery/status/doctor/site-checks.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../command.ts';
import { examples } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('doctor')
    .description(
      'Check this machine: engines and their versions, keys, folders, and what is missing to back up or restore.',
    )
    .addHelpText('after', examples('dr doctor', 'dr doctor --env /etc/go-coffee-dr/dr.yaml'));

/** Exit 2 when something is missing that recovery can't do without. */
export async function doctor(_: OptionsOf<typeof declaration>, context: CommandContext): Promise<CommandResult> {
  const { runDoctor } = await import('../../recovery/status/doctor/doctor.ts');
  const { env, log, signal } = context;
  const checks = await runDoctor(env === undefined ? undefined : await openSite({ env, log, signal }));
  const missing = checks.some(({ status }) => status === 'missing');
  return { exit: exitFor({ usage: missing }), kind: 'Doctor', data: { checks }, text: doctorText(checks) };
}

function doctorText(checks: readonly Check[]): string {
  const rows = checks.map(({ name, status, found, wanted }) => [name, status, found, wanted]);
  const hints = checks.filter(({ hint }) => hint !== '').map(({ name, hint }) => `${name}: ${hint}`);
  const missing = checks.filter(({ status }) => status === 'missing').length;
  const verdict = missing === 0 ? 'everything required is here' : `${missing} of ${checks.length} missing`;
  return [table(['name', 'status', 'found', 'wanted'], rows), ...hints, verdict].join('\n');
}

export const declare = freeCommand({ declare: declaration, run: doctor });
