/** A site with one folder repository and some of the workloads: without PostgreSQL it is ready within seconds. */
import { join } from 'node:path';
import { createEmptySite, type Platform } from '../../drill/platform/platform.ts';
import type { Environment } from '../../recovery/config/environment.ts';
import { withFolder } from '../platform.ts';
import { drEnds } from './dr-process.ts';
import { editEnvironment, goldenEnvironment } from './golden-make.ts';

export interface SmallSite extends Platform {
  /** Private, short, deleted at the end; every process in it is killed. */
  readonly folder: string;
  /** Runs `dr` on this site and expects that exit code. Its output, both streams. */
  dr(exit: number, ...args: readonly string[]): Promise<string>;
}

export interface SmallSiteOptions {
  readonly workloads: readonly string[];
  /** Changes dr.yaml before it is written. */
  readonly edit?: (environment: Environment, site: Platform) => Environment;
  /** Runs before `dr init`. */
  readonly prepare?: (site: Platform) => Promise<void>;
}

/** `dr init` has been run. Nothing was backed up. */
export async function withSmallSite<T>(options: SmallSiteOptions, use: (site: SmallSite) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const platform = await createEmptySite({ folder, site: 'first', local: true });
    const environment = await editEnvironment(platform.envFile, (e) => {
      const { local } = e.repositories;
      const small = { ...goldenEnvironment(e, folder, options.workloads), repositories: local ? { local } : {} };
      return options.edit?.(small, platform) ?? small;
    });
    const dr = async (exit: number, ...args: readonly string[]): Promise<string> => {
      const { stdout, stderr } = await drEnds(exit, platform.envFile, args);
      return `${stdout}\n${stderr}`;
    };
    await options.prepare?.(platform);
    await dr(0, 'init', ...(environment.postgres ? ['--restart'] : []));
    return use({ ...platform, environment, folder: join(folder), dr });
  });
}
