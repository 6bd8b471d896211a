/** The commands of a recovery write themselves into the open incident. Nothing here delays the command or makes it fail. */
import type { Site } from '../../recovery/config/site.ts';
import { messageOf } from '../../recovery/core/errors.ts';
import { silentLog } from '../../recovery/core/log.ts';
import type { Attachment } from '../../recovery/incident/attach.ts';
import type { CommandContext, CommandResult, Invocation } from '../command.ts';
import { pathOf } from '../usage.ts';

/** Those that people run while an incident is open. What only lists or shows is not an event. */
const ATTACHED = /^dr (assess|restore|rebuild|failover|failback|isolate|evidence (collect|hold)|secrets rotate)( |$)/;

/** After the result is printed: what is still to be written may take so long. */
const FLUSH_SECONDS = 6;

export interface AttachedCommand {
  ended(result: CommandResult): void;
  failed(error: unknown): void;
  /** Call it after the result is printed. */
  flush(): Promise<void>;
}

const NOT_ATTACHED: AttachedCommand = { ended: () => {}, failed: () => {}, flush: async () => {} };

const WITH_VALUE = ['--env', '-o', '--output'];
const HOW_IT_LOOKS = /^(--env=|--output=|-o=?json$|--no-color$|--quiet$|-v$|--verbose$)/;

/** Without what only says how it is printed, and which environment this is: the incident is of one. Pure. */
export function asRead(words: readonly string[]): string[] {
  return words.filter(
    (word, n) => !WITH_VALUE.includes(word) && !WITH_VALUE.includes(words[n - 1] ?? '') && !HOW_IT_LOOKS.test(word),
  );
}

/** Those that work on a stack's config or an escrow file alone; `dr restore` where it names a stack. */
const WITHOUT_FILE = /^dr (rebuild|failover|failback|restore)( |$)/;

type Given = Pick<CommandContext, 'env' | 'log' | 'now' | 'progress' | 'signal' | 'confirm'>;

async function siteOf(command: Invocation['command'], context: Given): Promise<(() => Promise<Site>) | undefined> {
  const { env } = context;
  if (env !== undefined) return async () => (await import('../../recovery/config/site.ts')).openSite(env, silentLog);
  if (!WITHOUT_FILE.test(pathOf(command))) return undefined;
  return (await import('./sites.ts')).siteWithoutFile(command.opts(), context);
}

/** A dry run is not attached, nor a command that names neither an environment file, a stack nor an escrow file. */
export async function attachCommand(
  { command }: Pick<Invocation, 'command'>,
  words: readonly string[],
  context: Given,
): Promise<AttachedCommand> {
  const { log, now } = context;
  if (command.opts().dryRun === true || !ATTACHED.test(pathOf(command))) return NOT_ATTACHED;
  const site = await siteOf(command, context);
  if (site === undefined) return NOT_ATTACHED;
  const [{ attach }, { accountName }, { commandFacts }] = await Promise.all([
    import('../../recovery/incident/attach.ts'),
    import('../../recovery/core/holder.ts'),
    import('../../recovery/incident/command-facts.ts'),
  ]);
  const attachment: Attachment = attach({
    site,
    line: ['dr', ...asRead(words)].join(' '),
    by: accountName(),
    now,
    log,
  });
  return {
    ended({ kind, data, exit = 0 }) {
      for (const { at, ...facts } of commandFacts(kind, data, exit)) attachment.tell(facts, at);
    },
    failed: (error) => attachment.tell({ phase: 'failed', detail: messageOf(error) }),
    flush: () => attachment.flush(FLUSH_SECONDS),
  };
}
