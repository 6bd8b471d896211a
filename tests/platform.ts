/** A tiny throwaway platform for tests with real engines; everything is ended and deleted when `use` returns or throws. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killBelow } from '../drill/host/processes-below.ts';
import { createPlatform, type Platform } from '../drill/platform/platform.ts';
import { type S3Region, startS3Region } from '../drill/s3/region.ts';

export interface TestPlatformOptions {
  /** @default 0.02, about 11 MB of database */
  readonly scale?: number;
  /** @default 7 */
  readonly seed?: number;
  /** Regions to start. @default none */
  readonly regions?: readonly ('primary' | 'secondary')[];
  /** @default true */
  readonly local?: boolean;
  /** Start the seven services too. @default false */
  readonly services?: boolean;
}

export interface TestPlatform {
  /** The drill's folder: sites, keys, regions. Short, because sockets lie below. */
  readonly folder: string;
  readonly platform: Platform;
  readonly regions: { readonly primary?: S3Region; readonly secondary?: S3Region };
}

const REGIONS = {
  primary: { region: 'us-east-1', bucket: 'go-coffee-backups' },
  secondary: { region: 'eu-west-1', bucket: 'go-coffee-backups-eu-west-1' },
} as const;

/** One region in a folder of the test's own; ended and deleted afterwards. */
export async function withRegion<T>(name: 'primary' | 'secondary', use: (region: S3Region) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => use(await startRegion(folder, name)));
}

/** A new short folder; whatever still runs in it afterwards is killed, and it is deleted. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir().length < 40 ? tmpdir() : '/tmp', 'dr-test-'));
  // PostgreSQL's account passes through.
  await chmod(folder, 0o755);
  try {
    return await use(folder);
  } finally {
    await killBelow(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function startRegion(folder: string, name: 'primary' | 'secondary'): Promise<S3Region> {
  const runAs = process.getuid?.() === 0 ? 'postgres' : undefined;
  const place = { folder: join(folder, 'regions', name), pids: join(folder, 'pids', 'regions') };
  return startS3Region({ ...place, name, ...REGIONS[name], environment: 'drill', lockDays: 1, runAs });
}

export async function withPlatform<T>(
  options: TestPlatformOptions,
  use: (test: TestPlatform) => Promise<T>,
): Promise<T> {
  return withFolder(async (folder) => {
    const names = options.regions ?? [];
    const started = await Promise.all(names.map(async (name) => [name, await startRegion(folder, name)] as const));
    const regions: TestPlatform['regions'] = Object.fromEntries(started);
    const platform = await createPlatform({
      folder,
      site: 'first',
      scale: options.scale ?? 0.02,
      seed: options.seed ?? 7,
      local: options.local ?? true,
      services: options.services ?? false,
      regions,
    });
    return use({ folder, platform, regions });
  });
}
