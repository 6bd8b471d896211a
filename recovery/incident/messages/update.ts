/** The message between the plan's first and last one. The plan has no words for it: it takes its lines from the first one. Pure. */
import type { MessageTemplate } from '../../../plan/procedure-types.ts';
import { formatTime } from '../../report/format.ts';

export interface UpdateFacts {
  readonly severity: string;
  readonly status: string;
  readonly impact: string;
  readonly eta: string;
  readonly text: string;
  /** Tiers that are verified again. */
  readonly tiersBack: readonly string[];
  readonly nextUpdate: Date;
}

/** `Go Coffee Platform`, as the plan's first message begins. */
export function platformName({ text }: Pick<MessageTemplate, 'text'>): string {
  return /^.*? - (.+)$/m.exec(text)?.[1]?.trim() ?? 'the platform';
}

/** The last line of the first message, which says where the status page is. Empty where the plan has none. */
function statusPageLine({ text }: Pick<MessageTemplate, 'text'>): string[] {
  return text.split('\n').filter((line) => /^Status page: /.test(line));
}

export function updateText(initial: MessageTemplate, facts: UpdateFacts): string {
  const { severity, status, impact, eta, text, tiersBack, nextUpdate } = facts;
  const page = statusPageLine(initial);
  return [
    `INCIDENT UPDATE - ${platformName(initial)}`,
    '',
    `Severity: ${severity}`,
    `Status: ${status}`,
    `Impact: ${impact}`,
    `ETA: ${eta}`,
    '',
    text,
    ...(tiersBack.length === 0 ? [] : [`Back and verified: ${tiersBack.join(', ')}.`]),
    `The next update follows by ${formatTime(nextUpdate)}.`,
    ...(page.length === 0 ? [] : ['', ...page]),
    '',
  ].join('\n');
}
