/** A running platform that is backed up into two folders, `local` and `primary`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { createPlatform, type Platform } from '../drill/platform/platform.ts';
import { ENVIRONMENT } from './database.ts';
import { runDr } from './dr.ts';

export async function platformWithTwoRepositories(folder: string, scale: number): Promise<Platform> {
  const options = { folder, site: 'first', environment: ENVIRONMENT, scale, seed: 7, services: false };
  const platform = await createPlatform(options);
  const path = join(platform.paths.root, 'backups-2');
  await mkdir(path);
  const document = parse(await readFile(platform.envFile, 'utf8'));
  const passphrases = [{ name: 'primary-1', from: { file: join(folder, 'keys', 'primary') } }];
  document.repositories.primary = { type: 'posix', path, passphrases };
  await writeFile(platform.envFile, stringify(document, { lineWidth: 0 }));
  await runDr(platform.envFile, 'init', '--restart');
  return platform;
}
