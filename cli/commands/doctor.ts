/** `dr doctor` */
import { openSite } from '../../recovery/config/site.ts';
import { EXIT } from '../../recovery/core/errors.ts';
import { table } from '../../recovery/report/table.ts';
import { runDoctor } from '../../recovery/status/doctor/doctor.ts';
import type { Check } from '../../recovery/status/doctor/site-checks.ts';
import type { Execute, MaybeSiteOptions } from '../command.ts';

export type DoctorOptions = MaybeSiteOptions;

function describe(checks: readonly Check[]): string {
  const rows = checks.map(({ name, status, found, wanted }) => [name, status, found, wanted]);
  const hints = checks.filter(({ hint }) => hint !== '').map(({ name, hint }) => `${name}: ${hint}`);
  const missing = checks.filter(({ status }) => status === 'missing').length;
  const verdict = missing === 0 ? 'all that is required is here' : `${missing} of ${checks.length} missing`;
  return [table(['name', 'status', 'found', 'wanted'], rows), ...hints, verdict].join('\n');
}

/** Exit 2 when something is missing that recovery can't do without. */
export const doctorCommand: Execute<DoctorOptions> = async (options, context) => {
  const site = options.env === undefined ? undefined : await openSite(options.env, context.log);
  const checks = await runDoctor(site);
  const missing = checks.some(({ status }) => status === 'missing');
  return { exit: missing ? EXIT.usage : EXIT.ok, kind: 'Doctor', data: { checks }, text: describe(checks) };
};
