/** Which plan an environment follows. */
import type { Dumps } from '../plan/declared/external.ts';

/** How often an environment dumps a PostgreSQL that stays where it is; undefined where it has none. */
export async function dumpsOf(env: string | undefined): Promise<Dumps | undefined> {
  if (env === undefined) return undefined;
  const { readEnvironment } = await import('../recovery/config/environment-file.ts');
  return (await readEnvironment(env)).external?.postgres?.dumps;
}

/** The plan that the environment file names; undefined for the shipped one. */
export async function planFileOf(env: string | undefined): Promise<string | undefined> {
  if (env === undefined) return undefined;
  const { readEnvironment } = await import('../recovery/config/environment-file.ts');
  return (await readEnvironment(env)).plan;
}
