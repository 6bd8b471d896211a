/** Finds the engines, and refuses missing or old ones before anything is changed. */
import { join } from 'node:path';
import { badInput, DrError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { makeRun, type Run } from '../core/process.ts';
import { type EngineName, engineFacts } from './facts.ts';
import { installHint } from './install-hint.ts';
import { findPostgresBin } from './postgres-bin.ts';
import { cacheBin, findProgram, isProgram } from './programs.ts';
import { compareVersions, parseVersion } from './versions.ts';

export type { EngineName } from './facts.ts';
export { findPostgresBin } from './postgres-bin.ts';

export interface Engine {
  readonly name: EngineName;
  /** Absolute. */
  readonly path: string;
  /** `unknown` for a program that does not print it, such as a versitygw that was built by `go install`. */
  readonly version: string;
}

export interface EngineSearch {
  /** @default one that logs nothing */
  readonly run?: Run;
  /** Folder of PostgreSQL's server programs, where the environment file names one. */
  readonly binDir?: string | undefined;
}

const UNKNOWN = 'unknown';

/** Debian's `psql` on PATH is a wrapper that picks a cluster; the one beside the server is the program itself. */
async function besideServer(name: EngineName, binDir: string | undefined): Promise<string | undefined> {
  try {
    const path = join(await findPostgresBin(binDir), name);
    return (await isProgram(path)) ? path : undefined;
  } catch (error) {
    if (error instanceof DrError) return undefined;
    throw error;
  }
}

async function locate(name: EngineName, binDir: string | undefined): Promise<string | undefined> {
  if (name === 'postgres') return besideServer(name, binDir);
  if (name === 'psql') return (await besideServer(name, binDir)) ?? (await findProgram(name));
  return findProgram(name, name === 'versitygw' ? [cacheBin()] : []);
}

/**
 * The engine on PATH or in a folder where distributions keep it; undefined when it is missing.
 * Throws `ENGINE-FAILED` for an engine that can't print its version.
 */
export async function findEngine(name: EngineName, search: EngineSearch = {}): Promise<Engine | undefined> {
  const path = await locate(name, search.binDir);
  if (path === undefined) return undefined;
  const run = search.run ?? makeRun(silentLog);
  const { stdout } = await run([path, ...engineFacts(name).versionArgs], { timeoutSeconds: 20 });
  return { name, path, version: parseVersion(stdout) ?? UNKNOWN };
}

export function isTooOld(engine: Engine): boolean {
  return engine.version !== UNKNOWN && compareVersions(engine.version, engineFacts(engine.name).minimum) < 0;
}

/** Why an accepted version should not be used in production; undefined when no fault is known. */
export function knownFault({ name, version }: Engine): string | undefined {
  const { recommended } = engineFacts(name);
  if (recommended === undefined || version === UNKNOWN || compareVersions(version, recommended.version) >= 0) {
    return undefined;
  }
  return `use ${recommended.version} or newer in production: ${recommended.reason}`;
}

/** Throws `ENGINE-MISSING` or `ENGINE-TOO-OLD` (exit 2), which say how to install the engine. */
export async function requireEngine(name: EngineName, run?: Run, binDir?: string): Promise<Engine> {
  const engine = await findEngine(name, { binDir, ...(run === undefined ? {} : { run }) });
  const facts = engineFacts(name);
  if (engine === undefined) {
    throw badInput({
      code: 'ENGINE-MISSING',
      where: name,
      fact: `found none, wanted ${facts.title} ${facts.minimum} or newer (${facts.why})`,
      hint: await installHint(facts),
    });
  }
  if (isTooOld(engine)) {
    throw badInput({
      code: 'ENGINE-TOO-OLD',
      where: name,
      fact: `found ${engine.version} (${engine.path}), wanted ${facts.title} ${facts.minimum} or newer`,
      hint: await installHint(facts),
    });
  }
  return engine;
}
