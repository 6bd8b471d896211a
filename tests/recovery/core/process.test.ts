import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../recovery/core/log.ts';
import { isAlive } from '../../../recovery/core/pids.ts';
import { makeRun } from '../../../recovery/core/process.ts';
import { scratch } from '../../scratch.ts';

const run = makeRun(silentLog);
const sh = (script: string) => ['sh', '-c', script] as const;

async function timed<T>(work: Promise<T>): Promise<{ seconds: number; result: T | Error }> {
  const begun = performance.now();
  const result = await work.catch((error: Error) => error);
  return { seconds: (performance.now() - begun) / 1000, result };
}

describe('a child has ended when its program has', () => {
  it('though a server that it has started keeps its output open', async () => {
    const { seconds, result } = await timed(run(sh('echo begun; sleep 30 & echo $!')));
    expect(seconds).toBeLessThan(20);
    expect(result).toMatchObject({ exitCode: 0 });
    const pid = Number(/\d+/.exec('stdout' in result ? result.stdout : '')?.[0]);
    expect(isAlive(pid)).toBe(true);
    process.kill(pid);
  });

  it('with all that it printed before', async () => {
    const { stdout } = await run(sh('seq 1 200000'));
    expect(stdout.trim().split('\n')).toHaveLength(200_000);
    const lines: string[] = [];
    await run(sh('printf "a\\nb"; printf "c\\n" >&2'), { onLine: (line, stream) => lines.push(`${stream} ${line}`) });
    expect(lines.sort()).toEqual(['stderr c', 'stdout a', 'stdout b']);
  });

  it('whatever it does with its input', async () => {
    expect((await run(['cat'], { stdin: 'x'.repeat(200_000) })).stdout).toHaveLength(200_000);
    expect(await run(['true'], { stdin: 'x'.repeat(2_000_000) })).toMatchObject({ exitCode: 0 });
  });
});

describe('a child that must end', () => {
  it('ends with all that it has started, and within seconds when it ignores the signal', async () => {
    const folder = await scratch();
    const stop = new AbortController();
    const pids = join(folder, 'pids');
    const work = timed(
      run(sh(`trap '' TERM; sleep 60 & echo $$ $! > ${pids}; wait; sleep 60`), { signal: stop.signal }),
    );
    while ((await readFile(pids, 'utf8').catch(() => '')) === '') await delay(20);
    stop.abort();
    const { seconds, result } = await work;
    expect(result).toMatchObject({ code: 'INTERRUPTED' });
    expect(seconds).toBeLessThan(30);
    for (const pid of (await readFile(pids, 'utf8')).trim().split(' ')) expect(isAlive(Number(pid))).toBe(false);
  });

  it('is refused once the whole command was interrupted, unless it cleans up', async () => {
    const stopped = makeRun(silentLog, AbortSignal.abort());
    await expect(stopped(['true'])).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await stopped(['true'], { cleansUp: true })).toMatchObject({ exitCode: 0 });
  });

  it('says its limit and its last words', async () => {
    const { seconds, result } = await timed(run(sh('echo almost; sleep 60'), { timeoutSeconds: 0.3 }));
    expect(result).toMatchObject({
      code: 'ENGINE-TIMEOUT',
      fact: 'did not end within 0.3 s; its last output:\nalmost',
    });
    expect(seconds).toBeLessThan(20);
  });
});

describe('output', () => {
  it('that nobody parses is kept at its ends', async () => {
    const { stdout } = await run(sh('echo first; head -c 50000000 /dev/zero | tr "\\0" "x"; echo; echo last'), {
      keep: 'ends',
    });
    expect(stdout.length).toBeLessThan(2_000_000);
    expect(stdout).toMatch(/^first\n[\s\S]*\n… \d+ bytes left out …\n[\s\S]*\nlast\n$/);
  });

  it('of more than a text can hold ends the child, not this program', async () => {
    const { result } = await timed(run(sh('yes')));
    expect(result).toMatchObject({ code: 'ENGINE-OUTPUT' });
    expect(await run(sh('head -c 300000000 /dev/zero >&2; exit 0'))).toMatchObject({ exitCode: 0 });
  });
});

it('a program that is missing is said as such', async () => {
  await expect(run(['no-such-program'])).rejects.toMatchObject({ code: 'ENGINE-MISSING', exit: 2 });
});
