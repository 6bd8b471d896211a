/** Starts `dr rebuild` for a scenario, watches it, and kills it where the scenario says so. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { CredentialsBundle } from '../../recovery/rebuild/credentials-bundle.ts';
import type { RebuildOutcome, RebuildRequest } from '../../recovery/rebuild/types.ts';
import { say } from './cluster.ts';
import type { ClusterFixture } from './fixture.ts';
import type { RebuildTask } from './rebuild-process.ts';

export interface Asked {
  readonly request: RebuildRequest & { readonly declaredAt: Date };
  readonly bundle?: CredentialsBundle;
  /** SIGKILL to it and to all that it has started, as soon as a line of its progress says this. */
  readonly killAt?: RegExp;
}

export interface Rebuilt {
  readonly killed: boolean;
  /** Absent when it was killed. */
  readonly outcome?: RebuildOutcome;
  readonly lines: readonly string[];
}

const PROGRAM = join(import.meta.dirname, 'rebuild-process.ts');

/** What most scenarios ask for. */
export const PLAIN = {
  target: 'latest',
  repository: 'secondary',
  set: {},
  only: [],
  exclude: [],
  rotateSecrets: false,
  harden: false,
  isolated: false,
  keepGoing: false,
} as const;

/** Throws an Error with what it was refused with. */
export async function runRebuild(fixture: ClusterFixture, { request, bundle, killAt }: Asked): Promise<Rebuilt> {
  const file = (name: string) => join(fixture.folder, `rebuild-${request.stack}-${name}.json`);
  const task: RebuildTask = {
    request: { ...request, declaredAt: request.declaredAt.toISOString() },
    engineFolder: fixture.engineFolder,
    stateDir: join(fixture.folder, 'state'),
    ...(bundle === undefined ? {} : { bundle }),
    outcome: file('outcome'),
  };
  await writeFile(file('task'), JSON.stringify(task), { mode: 0o600 });
  // A group of its own: its engine dies with it.
  const process_ = execa(process.execPath, [PROGRAM, file('task')], { reject: false, all: true, detached: true });
  const lines: string[] = [];
  let killed = false;
  for await (const line of process_.iterable({ from: 'all' })) {
    lines.push(line);
    say(`${request.stack}: ${line}`);
    if (killAt?.test(line) && !killed && process_.pid !== undefined) {
      killed = true;
      process.kill(-process_.pid, 'SIGKILL');
    }
  }
  await process_;
  if (killed) return { killed, lines };
  const outcome = JSON.parse(await readFile(task.outcome, 'utf8')) as RebuildOutcome | { readonly error: string };
  if ('error' in outcome) throw new Error(outcome.error);
  return { killed, outcome, lines };
}
