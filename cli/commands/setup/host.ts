/** `dr setup` on a host. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseEnvironment } from '../../../recovery/config/environment-file.ts';
import { checkSite } from '../../../recovery/config/site-check.ts';
import { isThere } from '../../../recovery/core/absent.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { makeRun } from '../../../recovery/core/process.ts';
import { type HostSetup, prepareHost } from '../../../recovery/setup/host/setup.ts';
import { writeHost } from '../../../recovery/setup/host/write.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import { asName, pairs, type SetupOptions } from './declaration.ts';
import { hostText, nextSteps } from './host-text.ts';
import { finish } from './written.ts';

async function foldersOf(given: readonly string[]): Promise<Map<string, string>> {
  const folders = pairs(given);
  for (const [workload, path] of folders) {
    if (await isThere(path)) continue;
    const fact = `${path} does not exist`;
    throw badInput({ code: 'SETUP-FOLDER', where: `--folder ${workload}`, fact, hint: 'name a folder that exists' });
  }
  return folders;
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
  const setup = await prepareHost({
    run: makeRun(context.log, context.signal),
    folder: resolve(options.into ?? '/etc/go-coffee-dr'),
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
