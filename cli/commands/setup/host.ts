/** `dr setup` on a host: look, propose, ask, write; where dr.yaml is there, show the difference. */
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { isThere } from '../../../recovery/core/absent.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { makeRun } from '../../../recovery/core/process.ts';
import type { Difference } from '../../../recovery/setup/difference.ts';
import type { MadeKey } from '../../../recovery/setup/host/keys.ts';
import type { HostSetup } from '../../../recovery/setup/host/setup.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import type { SetupOptions } from './declaration.ts';
import { differenceText, hostText, nextSteps } from './host-text.ts';

async function foldersOf(given: readonly string[]): Promise<Map<string, string>> {
  const folders = new Map(
    given.map((each) => {
      const equals = each.indexOf('=');
      return [each.slice(0, equals), each.slice(equals + 1)] as const;
    }),
  );
  for (const [workload, path] of folders) {
    if (await isThere(path)) continue;
    const fact = `${path} does not exist`;
    throw badInput({ code: 'SETUP-FOLDER', where: `--folder ${workload}`, fact, hint: 'name a folder that exists' });
  }
  return folders;
}

/** The host's name, as a site may be called. */
function siteOf(): string {
  const short = hostname().toLowerCase().split('.')[0] ?? '';
  return short.replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'first';
}

export async function setUpHost(options: SetupOptions, context: CommandContext): Promise<CommandResult> {
  const { prepareHost } = await import('../../../recovery/setup/host/setup.ts');
  const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));
  const setup = await prepareHost({
    run: makeRun(context.log, context.signal),
    folder: resolve(options.into),
    now: context.now(),
    settings: {
      name: options.name,
      site: options.site ?? siteOf(),
      stateDir: resolve(options.stateDir),
      local: resolve(options.local),
      isRoot: process.getuid?.() === 0,
    },
    choices: {
      look: options.look.map((path) => resolve(path)),
      postgres: absolute(options.postgres),
      database: options.database,
      redis: options.redis,
      redisPassword: absolute(options.redisPassword),
      folders: await foldersOf(options.folder),
    },
  });
  return setup.differences === undefined
    ? writeNew(setup, options, context)
    : compare(setup, setup.differences, options, context);
}

async function consent(
  { yes }: SetupOptions,
  { confirm }: CommandContext,
  name: string,
  what: readonly string[],
): Promise<void> {
  if (!yes) await confirm({ name, what });
}

interface Outcome {
  readonly written: boolean;
  readonly keys: readonly MadeKey[];
  readonly keptAs?: string;
}

function dataOf(setup: HostSetup, outcome: Outcome) {
  const { file, text, proposal, workloads, uncovered, facts } = setup;
  const { postgres, redis, folders, repositories, imageStores, prometheus } = facts;
  return {
    file,
    ...outcome,
    proposal: text,
    workloads,
    unanswered: proposal.unanswered,
    notes: proposal.notes,
    uncovered,
    found: { postgres, redis, folders, repositories, imageStores, prometheus },
    differences: setup.differences ?? [],
  };
}

const exitOf = ({ proposal }: HostSetup) => exitFor({ partial: proposal.unanswered.length > 0 });

async function writeNew(setup: HostSetup, options: SetupOptions, context: CommandContext): Promise<CommandResult> {
  const { file, text } = setup;
  const shown = hostText(setup);
  if (options.dryRun) {
    const data = { dryRun: true, ...dataOf(setup, { written: false, keys: [] }) };
    return { kind: 'Setup', data, text: `${text}\n${shown}\nNothing was written (--dry-run).`, exit: exitOf(setup) };
  }
  await consent(options, context, setup.environment.name, [...text.split('\n'), `This is written to ${file}.`]);
  const { writeHost } = await import('../../../recovery/setup/host/write.ts');
  const keys = await writeHost(setup);
  const made = keys.map(({ file: key, made: isNew }) => `${key} ${isNew ? 'made' : 'was there, and stays'}`);
  return {
    kind: 'Setup',
    data: dataOf(setup, { written: true, keys }),
    text: [shown, `written: ${file}`, ...made, ...nextSteps(setup)].join('\n'),
    exit: exitOf(setup),
  };
}

/** `--take` of what is no difference is a slip of the pen. */
function chosen(found: readonly Difference[], picked: readonly Difference[], take: readonly string[]): void {
  if (take.length === 0 || picked.length > 0) return;
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
  setup: HostSetup,
  found: readonly Difference[],
  options: SetupOptions,
  context: CommandContext,
): Promise<CommandResult> {
  const { taken } = await import('../../../recovery/setup/difference.ts');
  const picked = taken(found, options.take);
  chosen(found, picked, options.take);
  const shown = [hostText(setup), differenceText(setup.file, found)].join('\n');
  if (picked.length === 0 || options.dryRun) {
    const hint =
      found.length === 0 ? '' : `\nNothing was changed. To take one into the file: dr setup --take ${found[0]?.path}`;
    return {
      kind: 'Setup',
      data: { dryRun: options.dryRun, ...dataOf(setup, { written: false, keys: [] }) },
      text: `${shown}${hint}`,
      exit: exitOf(setup),
    };
  }
  const { withTaken, replaceFile } = await import('../../../recovery/setup/host/write.ts');
  const text = await withTaken(setup, picked);
  const what = [
    differenceText(setup.file, picked),
    `This changes ${setup.file}; the file as it is now stays beside it.`,
  ];
  await consent(options, context, setup.environment.name, what);
  const keptAs = await replaceFile(setup.file, text, context.now());
  return {
    kind: 'Setup',
    data: { ...dataOf(setup, { written: true, keys: [], keptAs }), taken: picked.map(({ path }) => path) },
    text: [shown, `changed: ${setup.file} in ${dirname(setup.file)}; before: ${keptAs}`].join('\n'),
    exit: exitOf(setup),
  };
}
