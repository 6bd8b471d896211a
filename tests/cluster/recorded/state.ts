/** What an engine remembers of a stack, in a file: a run that is killed leaves it as it was at that moment. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ConfigValues, PendingOperation } from '../../../recovery/pulumi/engine.ts';
import { StackLockedError } from '../../../recovery/pulumi/locked.ts';
import type { Manifest } from '../api.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Live {
  readonly urn: string;
  readonly manifest: Manifest;
  /** Stays where it is when the stack forgets it. */
  readonly retained: boolean;
}

export interface StackState {
  readonly config: ConfigValues;
  /** In the order in which they were made. */
  readonly live: readonly Live[];
  readonly pending: readonly PendingOperation[];
  /** Of the last `up` that succeeded. */
  readonly outputs?: Json;
  /** Made by providers: passwords, keys, certificates. */
  readonly made: readonly (readonly [string, Json])[];
}

const EMPTY: Omit<StackState, 'config'> = { live: [], pending: [], made: [] };

/** Stacks in a folder; private, because their secrets stand in it. */
export class States {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  #file(stack: string): string {
    return join(this.#folder, `${stack}.json`);
  }

  names(): string[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length));
  }

  has(stack: string): boolean {
    return existsSync(this.#file(stack));
  }

  create(stack: string, config: ConfigValues): void {
    this.write(stack, { config, ...EMPTY });
  }

  read(stack: string): StackState {
    return JSON.parse(readFileSync(this.#file(stack), 'utf8')) as StackState;
  }

  write(stack: string, state: StackState): void {
    const file = this.#file(stack);
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  remove(stack: string): void {
    rmSync(this.#file(stack), { force: true });
  }

  /** Throws StackLockedError, also for a run that has died: only `unlock` breaks its lock. */
  lock(stack: string): void {
    const file = `${this.#file(stack)}.lock`;
    const holder = { user: 'tests', host: hostname(), pid: process.pid, since: new Date().toISOString() };
    try {
      writeFileSync(file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      throw new StackLockedError(stack, JSON.parse(readFileSync(file, 'utf8')) as typeof holder, error);
    }
  }

  unlock(stack: string): void {
    rmSync(`${this.#file(stack)}.lock`, { force: true });
  }
}
