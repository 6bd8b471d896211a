/** Which point of which repository is restored, as the options say. */
import { parseMoment, parseTarget } from '../../../recovery/points/target.ts';
import type { Choice } from '../../../recovery/restore/resolve-in.ts';
import type { SiteContext } from '../../command.ts';
import type { TargetedOptions } from './declaration.ts';

export function choiceOf(options: TargetedOptions, { progress, signal }: SiteContext, now: Date): Choice {
  const { to, from, repositoryTime, allowTampered, allowCompromised, allowSuspect } = options;
  return {
    target: parseTarget(to, 'later'),
    targetText: to,
    from,
    ...(repositoryTime === undefined ? {} : { repositoryTime: parseMoment(repositoryTime, now, '--repository-time') }),
    allowTampered,
    allowCompromised,
    allowSuspect,
    now,
    progress,
    signal,
  };
}
