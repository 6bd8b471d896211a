/** The password for PostgreSQL's own programs, where the socket wants one: by the environment, never in an argument. */
import type { Site } from '../../site.ts';

export async function postgresSecretEnv(site: Site): Promise<Record<string, string>> {
  const password = site.environment.postgres?.password;
  return password === undefined ? {} : { PGPASSWORD: await site.secrets.read(password, 'postgres.password') };
}
