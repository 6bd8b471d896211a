/** Opens the site of a command. Help and usage errors don't wait for it: its stores take a third of a second to load. */
import type { Site } from '../recovery/config/site.ts';
import type { SiteContext } from './command.ts';

/** What it runs and queries ends when `signal` is raised. */
export async function openSite({ env, log, signal }: Pick<SiteContext, 'env' | 'log' | 'signal'>): Promise<Site> {
  return (await import('../recovery/config/site.ts')).openSite(env, log, signal);
}
