/** Which plan an environment follows. */

/** The plan that the environment file names; undefined for the shipped one. */
export async function planFileOf(env: string | undefined): Promise<string | undefined> {
  if (env === undefined) return undefined;
  const { readEnvironment } = await import('../recovery/config/environment-file.ts');
  return (await readEnvironment(env)).plan;
}
