/** A security report as text. */
import { formatTime } from '../../report/format.ts';
import type { Paint } from '../../report/paint.ts';
import { table } from '../../report/table.ts';
import { isFailed } from '../health/types.ts';
import type { SecurityReport } from './security.ts';

export function securityText({ at, environment, secure, checks }: SecurityReport, paint: Paint): string {
  const mark = (ok: boolean | undefined): string => {
    if (ok === undefined) return paint('dim', '-');
    return ok ? paint('green', 'ok') : paint('red', 'FAILED');
  };
  const unseen = checks.filter(({ ok }) => ok === undefined).length;
  const failed = checks.filter(isFailed).length;
  const verdict = secure
    ? paint(
        'green',
        `nothing was found${unseen === 0 ? '' : `; ${unseen} could not be seen or are a person’s to judge`}`,
      )
    : paint('red', `${failed} of ${checks.length} checks failed`);
  return [
    table(
      ['', 'check', 'found'],
      checks.map(({ ok, title, fact }) => [mark(ok), title, fact]),
    ),
    '',
    `${environment} at ${formatTime(at)}: ${verdict}`,
  ].join('\n');
}
