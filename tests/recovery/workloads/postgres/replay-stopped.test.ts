/** A replay whose processes are stopped ends with the process; one whose processes run does not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { processStat } from '../../../../recovery/core/pids.ts';
import { poll } from '../../../../recovery/core/poll.ts';
import { watchStopped } from '../../../../recovery/workloads/postgres/replay-stopped.ts';

async function scratch(): Promise<string> {
  const folder = await mkdtemp('/tmp/dr-stopped-');
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A process that waits, called as one of the replay's. */
async function waiting(argv0: string, args: readonly string[], cwd: string): Promise<number> {
  const child = spawn('/bin/sh', args, { argv0, cwd, stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid as number;
}

async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await poll(
    { seconds: 5, everySeconds: 0.01 },
    async () => processStat(pid)?.state,
    (state) => state === 'T',
  );
}

test('a command of the server that is stopped', async () => {
  const [dataDir, folder] = [await scratch(), await scratch()];
  const pid = await waiting('sh', ['-c', 'read line'], dataDir);
  await watchStopped({ settings: { dataDir }, folder, seconds: 0 })();
  await stop(pid);
  await watchStopped({ settings: { dataDir }, folder, seconds: 60 })();
  await expect(watchStopped({ settings: { dataDir }, folder, seconds: 0 })()).rejects.toMatchObject({
    code: 'REPLAY-STOPPED',
    where: dataDir,
    fact: expect.stringContaining(`(pid ${pid})`),
    hint: expect.stringContaining(`kill -CONT ${pid}`),
  });
});

test('pgBackRest in the background: of this restore, and never of another one', async () => {
  const [dataDir, folder, other] = [await scratch(), await scratch(), await scratch()];
  const script = join(folder, 'wait');
  await writeFile(script, 'read line\n');
  const args = [script, `--config=${folder}/pgbackrest.conf`, 'archive-get:async'];
  const pid = await waiting('/usr/bin/pgbackrest', args, '/');
  await stop(pid);
  await watchStopped({ settings: { dataDir }, folder: other, seconds: 0 })();
  await expect(watchStopped({ settings: { dataDir }, folder, seconds: 0 })()).rejects.toMatchObject({
    fact: expect.stringContaining('archive-get:async'),
  });
});
