/** `dr setup` on a host. */
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, resolve } from 'node:path';
import { didYouMean } from '../../../plan/nearest.ts';
import type { Plan } from '../../../plan/types.ts';
import { parseEnvironment } from '../../../recovery/config/environment-file.ts';
import { checkSite } from '../../../recovery/config/site-check.ts';
import { ifAbsent, isThere } from '../../../recovery/core/absent.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { makeRun } from '../../../recovery/core/process.ts';
import { checkReportFolder } from '../../../recovery/report/report-folder.ts';
import { type HostSetup, prepareHost } from '../../../recovery/setup/host/setup.ts';
import { writeHost } from '../../../recovery/setup/host/write.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import { asName, pairs, type SetupOptions } from './declaration.ts';
import { hostText, nextSteps } from './host-text.ts';
import { finish } from './written.ts';

/** What was typed must be there: a look elsewhere would find less, and not say why. Throws `SETUP-FILE`, `SETUP-FOLDER` (exit 2). */
async function checkTyped({ look, postgresPassword, redisPassword }: SetupOptions): Promise<void> {
  const files = { '--postgres-password': postgresPassword, '--redis-password': redisPassword };
  for (const [flag, path] of Object.entries(files)) {
    const kind = path === undefined ? 'file' : await kindOf(path);
    if (kind === 'file') continue;
    // Not with the flag before a colon: what follows a password there is never shown.
    const fact = `${path}, which ${flag} names, ${kind === undefined ? 'does not exist' : 'is not a file'}`;
    throw badInput({ code: 'SETUP-FILE', where: 'setup', fact, hint: 'name the file (mode 0600) with the password' });
  }
  for (const path of look) {
    const kind = await kindOf(path);
    if (kind === 'folder') continue;
    const fact = `${path} ${kind === undefined ? 'does not exist' : 'is not a folder'}`;
    throw badInput({ code: 'SETUP-FOLDER', where: '--look', fact, hint: 'name a folder that exists' });
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(ifAbsent(undefined));
  return found === undefined ? undefined : found.isDirectory() ? 'folder' : 'file';
}

async function foldersOf(given: readonly string[]): Promise<Map<string, string>> {
  const folders = pairs(given);
  for (const [workload, path] of folders) {
    if (await isThere(path)) continue;
    const fact = `${path} does not exist`;
    throw badInput({ code: 'SETUP-FOLDER', where: `--folder ${workload}`, fact, hint: 'name a folder that exists' });
  }
  return folders;
}

function checkWorkloads(named: readonly string[], { workloads }: Plan): void {
  const folders = workloads.filter(({ type }) => type === 'files' || type === 'images').map(({ id }) => id);
  const unknown = named.find((id) => !folders.includes(id));
  if (unknown === undefined) return;
  const fact = `the plan has no folder "${unknown}".${didYouMean(unknown, folders)}`;
  const hint = `name one of: ${folders.join(', ')}`;
  throw badInput({ code: 'SETUP-FOLDER', where: `--folder ${unknown}`, fact, hint });
}

function dataOf({ file, text, proposal, workloads, uncovered, facts, differences }: HostSetup) {
  const { postgres, redis, folders, repositories, imageStores, prometheus } = facts;
  return {
    file,
    proposal: text,
    workloads,
    unanswered: proposal.unanswered,
    notes: proposal.notes,
    uncovered,
    found: { postgres, redis, folders, repositories, imageStores, prometheus },
    keys: [],
    differences: differences ?? [],
  };
}

export async function setUpHost(options: SetupOptions, context: CommandContext): Promise<CommandResult> {
  const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));
  await checkTyped(options);
  const folder = resolve(options.into ?? '/etc/go-coffee-dr');
  const setup = await prepareHost({
    run: makeRun(context.log, context.signal),
    folder,
    now: context.now(),
    settings: {
      name: options.name,
      site: options.site ?? asName(hostname().split('.')[0] ?? ''),
      stateDir: resolve(options.stateDir),
      local: resolve(options.local),
      isRoot: process.getuid?.() === 0,
    },
    choices: {
      look: options.look.map((path) => resolve(path)),
      postgres: absolute(options.postgres),
      postgresPassword: absolute(options.postgresPassword),
      database: options.database,
      redis: options.redis,
      redisPassword: absolute(options.redisPassword),
      folders: await foldersOf(options.folder),
    },
  });
  const { file, text, differences, proposal, plan } = setup;
  checkWorkloads([...pairs(options.folder).keys()], plan);
  return finish(
    {
      file,
      text,
      differences,
      partial: proposal.unanswered.length > 0,
      name: setup.environment.name,
      shown: hostText(setup),
      data: dataOf(setup),
      async write() {
        await checkReportFolder(context.log, { option: '--into', folder, files: [basename(file)] });
        const keys = await writeHost(setup);
        const lines = keys.map(({ file: key, made }) => `${key} ${made ? 'made' : 'was there, and stays'}`);
        return { lines: [...lines, ...nextSteps(setup)], data: { keys } };
      },
      keysOf: (path) => path.split('.'),
      check: (changed) => checkSite(parseEnvironment(changed, file), plan, file),
    },
    options,
    context,
  );
}
