/** Which plan an environment follows. */
import type { ExternalCopies } from '../plan/declared/external.ts';

/** What an environment copies of a PostgreSQL that stays where it is; undefined where it has none. */
export async function copiesOfEnvironment(env: string | undefined): Promise<ExternalCopies | undefined> {
  if (env === undefined) return undefined;
  const [{ readEnvironment }, { externalCopies }] = await Promise.all([
    import('../recovery/config/environment-file.ts'),
    import('../plan/declared/external.ts'),
  ]);
  const external = (await readEnvironment(env)).external?.postgres;
  return external === undefined ? undefined : externalCopies(external);
}

/** The plan that the environment file names; undefined for the shipped one. */
export async function planFileOf(env: string | undefined): Promise<string | undefined> {
  if (env === undefined) return undefined;
  const { readEnvironment } = await import('../recovery/config/environment-file.ts');
  return (await readEnvironment(env)).plan;
}
