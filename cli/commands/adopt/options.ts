/** What `dr adopt postgres` and `dr adopt redis` share on the command line. */
import { Command, Option } from '@commander-js/extra-typings';
import type { Opened } from '../../../recovery/adopt/cluster/open.ts';
import type { Store } from '../../../recovery/adopt/types.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { openSecrets } from '../../../recovery/core/secrets.ts';
import type { CommandContext, OptionsOf } from '../../command.ts';
import { confirmOption, dryRunOption, wholeNumber } from '../../flags.ts';

export const adoptCommand = (name: string) =>
  new Command(name)
    .requiredOption('--stack <name>', 'the stack that takes over')
    .option('--from <server>', 'HOST[:PORT], or a Service of the cluster: NAME.NAMESPACE')
    .option('--user <name>', 'as whom to log in there')
    .option('--password-file <file>', 'file (mode 0600) with that one’s password')
    .addOption(new Option('--switch', 'stop its writers, and let the stack’s server take over').default(false))
    .addOption(new Option('--undo', 'go back to the source; before a switch: stop following it').default(false))
    .addOption(new Option('--release', 'forget the way back, and what was made on the source').default(false))
    .addOption(new Option('--accept-loss', 'with --undo: give up what was written since the switch').default(false))
    .option(
      '--lag-limit <seconds>',
      'with --switch: within which the lag must end',
      wholeNumber(1, 'a number of seconds'),
      60,
    )
    .addOption(dryRunOption())
    .addOption(confirmOption('the stack’s name'));

export type AdoptOptions = OptionsOf<() => ReturnType<typeof adoptCommand>>;

/** Who logs in, and where. */
export interface Login {
  readonly stack: string;
  readonly from?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
}

export type Act = 'follow' | 'switch' | 'undo' | 'release';

/** Throws `ADOPT-ACTS` (exit 2). */
export function actOf(options: Pick<AdoptOptions, 'switch' | 'undo' | 'release'>): Act {
  const acts = (['switch', 'undo', 'release'] as const).filter((act) => options[act]);
  if (acts.length <= 1) return acts[0] ?? 'follow';
  throw badInput({
    code: 'ADOPT-ACTS',
    where: acts.map((act) => `--${act}`).join(' '),
    fact: 'only one of them can be done at a time',
    hint: 'without any of them the stack’s server begins to follow',
  });
}

/** What can be refused without the stack. Throws `ADOPT-ACTS`, `SOURCE-NAME` (exit 2). */
export async function checkWords(options: Pick<AdoptOptions, 'switch' | 'undo' | 'release' | 'from'>): Promise<void> {
  actOf(options);
  if (options.from === undefined) return;
  const { parseFrom } = await import('../../../recovery/adopt/cluster/source.ts');
  parseFrom(options.from);
}

async function passwordOf(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : openSecrets().read({ file }, '--password-file');
}

/** Throws `LOCKED` (exit 6) while another run changes the stack's adoptions. */
export async function alone<T>(stack: string, what: string, work: () => Promise<T>): Promise<T> {
  const [{ exclusively }, { operatorState }] = await Promise.all([
    import('../../../recovery/adopt/exclusive.ts'),
    import('../../../recovery/failover/wiring.ts'),
  ]);
  const { XDG_STATE_HOME } = process.env;
  return exclusively(operatorState({ XDG_STATE_HOME }), stack, `${what} --stack ${stack}`, work);
}

/** The stack and the server that is taken over, with the password for it. The caller closes what is opened. */
export async function openStore(
  store: Store,
  { passwordFile, stack, from }: Login,
  context: CommandContext,
): Promise<{ readonly opened: Opened; readonly password: string | undefined }> {
  const [{ openAdoption }, { openStackEngine }, { planOf }] = await Promise.all([
    import('../../../recovery/adopt/cluster/open.ts'),
    import('../../../recovery/pulumi/open.ts'),
    import('../../takeover.ts'),
  ]);
  const password = await passwordOf(passwordFile);
  const { progress, log, now, signal } = context;
  const engine = await openStackEngine({ log });
  const plan = await planOf(context.env);
  return { password, opened: await openAdoption({ engine, stack, plan, store, from, progress, log, now, signal }) };
}
