/** How `dr setup` writes: a new file after consent, or the differences of one that is there that a person named. */
import { basename } from 'node:path';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { table } from '../../../recovery/report/table.ts';
import { type Difference, taken } from '../../../recovery/setup/difference.ts';
import { replaceFile, withTaken } from '../../../recovery/setup/edit-file.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import type { SetupOptions } from './declaration.ts';

/** A look that is over, on a host or at a cluster. */
export interface Looked {
  readonly file: string;
  /** The proposed file. */
  readonly text: string;
  readonly differences: readonly Difference[] | undefined;
  /** Some question has no answer. */
  readonly partial: boolean;
  /** What must be typed. */
  readonly name: string;
  /** What was found, for people. */
  readonly shown: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Writes what is not there yet. Its lines, for people, and what else the result holds. */
  write(): Promise<{ readonly lines: readonly string[]; readonly data: Readonly<Record<string, unknown>> }>;
  /** Where a field lies in the file. */
  keysOf(path: string): readonly string[];
  /** Throws for a text that can't stand in the file. */
  check(text: string): void;
}

type Result = Pick<CommandResult, 'data' | 'text'>;

function result({ partial }: Looked, made: Result): CommandResult {
  return { kind: 'Setup', exit: exitFor({ partial }), ...made };
}

async function consent({ yes }: SetupOptions, context: CommandContext, name: string, what: readonly string[]) {
  if (!yes) await context.confirm({ name, what });
}

export async function finish(looked: Looked, options: SetupOptions, context: CommandContext): Promise<CommandResult> {
  if (looked.differences !== undefined) return compare(looked, looked.differences, options, context);
  const { file, text, shown, data, name } = looked;
  if (options.take.length > 0) {
    const fact = `${file} is not there: nothing in it could differ`;
    throw badInput({
      code: 'SETUP-NO-DIFFERENCE',
      where: '--take',
      fact,
      hint: 'leave --take out: the file is made',
    });
  }
  if (options.dryRun) {
    return result(looked, {
      data: { dryRun: true, written: false, ...data },
      text: `${text}\n${shown}\nNothing was written (--dry-run).`,
    });
  }
  await consent(options, context, name, [...text.split('\n'), `This is written to ${file}.`]);
  const written = await looked.write();
  return result(looked, {
    data: { ...data, written: true, ...written.data },
    text: [shown, `written: ${file}`, ...written.lines].join('\n'),
  });
}

function shownValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function differenceText(file: string, found: readonly Difference[]): string {
  if (found.length === 0) return `${file} agrees with what runs`;
  const rows = found.map(({ path, file: before, now }) => [path, shownValue(before), shownValue(now)]);
  return table(['field', basename(file), 'runs now'], rows);
}

/** Refuses a `--take` that names no difference: it is probably a typing error. */
function picked(found: readonly Difference[], take: readonly string[]): Difference[] {
  const wanted = taken(found, take);
  if (take.length === 0 || wanted.length > 0) return wanted;
  throw badInput({
    code: 'SETUP-NO-DIFFERENCE',
    where: '--take',
    fact: `nothing that runs differs in ${take.join(', ')}`,
    hint:
      found.length === 0
        ? 'the file agrees with what runs'
        : `take one of: ${found.map(({ path }) => path).join(', ')}`,
  });
}

async function compare(
  looked: Looked,
  found: readonly Difference[],
  options: SetupOptions,
  context: CommandContext,
): Promise<CommandResult> {
  const { file, data, name } = looked;
  const wanted = picked(found, options.take);
  const shown = `${looked.shown}\n${differenceText(file, found)}`;
  if (wanted.length === 0 || options.dryRun) {
    const [first] = found;
    const hint = first === undefined ? '' : `\nNothing was changed. To take one into the file: --take ${first.path}`;
    return result(looked, { data: { dryRun: options.dryRun, written: false, ...data }, text: `${shown}${hint}` });
  }
  const text = await withTaken(file, wanted, looked.keysOf);
  looked.check(text);
  const what = [differenceText(file, wanted), `This changes ${file}; the file as it is now stays beside it.`];
  await consent(options, context, name, what);
  const keptAs = await replaceFile(file, text, context.now());
  const fields = wanted.map(({ path }) => path);
  return result(looked, {
    data: { ...data, written: true, taken: fields, keptAs },
    text: `${shown}\nchanged: ${fields.join(', ')} in ${file}; as it was before: ${keptAs}`,
  });
}
