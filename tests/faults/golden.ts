/**
 * A backed-up site for tests of faults. It is made once per run (init and two backups take half a minute) and copied for each
 * test, so a test may damage everything in its copy.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { parse } from 'yaml';
import { createEmptySite, type Platform } from '../../drill/platform/platform.ts';
import { type Environment, environmentSchema } from '../../recovery/config/environment.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeRun } from '../../recovery/core/process.ts';
import { withFolder } from '../platform.ts';
import { editEnvironment, type GoldenFacts, goldenEnvironment, goldenFacts } from './golden-make.ts';

export { type DrResult, dr, drEnds, type RunningDr, startDr } from './dr-process.ts';
export { editEnvironment, type GoldenFacts, SELF_CHANGING } from './golden-make.ts';

export interface EmptySiteOptions {
  /** Workloads that dr.yaml names. @default all of the golden site: postgres, redis, git, uploads, manifests */
  readonly workloads?: readonly string[];
  /** Changes dr.yaml before it is written. */
  readonly edit?: (environment: Environment) => Environment;
}

export interface Golden {
  /** Private, short, deleted at the end; every process in it is killed. */
  readonly folder: string;
  readonly facts: GoldenFacts;
  /** Copies of the repositories: `<repositories>/local`, `<repositories>/secondary`. The environment is called `drill`. */
  readonly repositories: string;
  /** Files `signing`, `local`, `secondary`. */
  readonly keys: string;
  /** A new site without data whose dr.yaml reads the copied repositories. */
  emptySite(name: string, options?: EmptySiteOptions): Promise<Platform>;
  /** The site that was backed up, from a copy, running, shipping its WAL into the copied repositories. */
  startSource(): Promise<Platform>;
}

async function copy(from: string, to: string): Promise<void> {
  await makeRun(silentLog)(['cp', '-a', '--reflink=auto', from, to]);
}

/** Text files that name the folder of the golden site. */
async function rewritePaths(root: string, from: string, to: string): Promise<void> {
  const run = makeRun(silentLog);
  const found = await run(['grep', '-rlIF', '--exclude-dir=logs', '--exclude-dir=git', `${from}/`, root], {
    accept: [0, 1],
  });
  for (const file of found.stdout.split('\n').filter((name) => name !== '')) {
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(`${from}/`, `${to}/`));
  }
}

/** A private copy of the golden site for one test. */
export async function withGolden<T>(use: (golden: Golden) => Promise<T>): Promise<T> {
  const made = inject('goldenFolder');
  const facts = await goldenFacts(made);
  return withFolder(async (folder) => {
    await copy(join(made, 'repositories'), folder);
    await copy(join(made, 'keys'), folder);
    const emptySite = async (name: string, options: EmptySiteOptions = {}): Promise<Platform> => {
      const platform = await createEmptySite({ folder, site: name, local: false });
      const environment = await editEnvironment(platform.envFile, (e) => {
        const golden = goldenEnvironment(e, folder, options.workloads);
        return options.edit?.(golden) ?? golden;
      });
      return { ...platform, environment };
    };
    return use({
      folder,
      facts,
      repositories: join(folder, 'repositories'),
      keys: join(folder, 'keys'),
      emptySite,
      async startSource() {
        // An empty site first: it can start and stop the data that is then copied into it.
        const platform = await createEmptySite({ folder, site: 'first', local: false });
        await copy(`${join(made, 'first')}/.`, platform.paths.root);
        await rewritePaths(platform.paths.root, made, folder);
        const environment = environmentSchema.parse(parse(await readFile(platform.envFile, 'utf8')));
        await platform.startStores();
        return { ...platform, environment };
      },
    });
  });
}
