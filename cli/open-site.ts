/** Opens the site of a command. Help and usage errors don't wait for it: its stores take a third of a second to load. */
import type { Site } from '../recovery/config/site.ts';
import type { SiteContext } from './command.ts';

export async function openSite({ env, log }: Pick<SiteContext, 'env' | 'log'>): Promise<Site> {
  return (await import('../recovery/config/site.ts')).openSite(env, log);
}
