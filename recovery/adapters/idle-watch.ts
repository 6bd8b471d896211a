/** Whether a child still moves data. An engine that waits for a dead connection does so for a quarter of an hour, or for ever. */
import { readFile } from 'node:fs/promises';
import type { IdleLimit } from '../ports.ts';

/** Bytes that it has read and written so far, sockets included; undefined where that can't be known. */
async function bytesMoved(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => '');
  const [read, written] = [/^rchar: (\d+)/m, /^wchar: (\d+)/m].map((field) => field.exec(text)?.[1]);
  return read === undefined || written === undefined ? undefined : Number(read) + Number(written);
}

/** Calls `end` once when less than `limit.bytes` were moved for `limit.seconds`. Gives a function that ends the watch. */
export function watchIdle(pid: number | undefined, limit: IdleLimit | undefined, end: () => void): () => void {
  if (pid === undefined || limit === undefined) return () => {};
  let mark = 0;
  let since = performance.now();
  const look = async (): Promise<void> => {
    const moved = await bytesMoved(pid);
    if (moved === undefined || moved - mark >= limit.bytes) {
      mark = moved ?? mark;
      since = performance.now();
    } else if (performance.now() - since >= limit.seconds * 1000) {
      clearInterval(timer);
      end();
    }
  };
  const timer = setInterval(() => void look(), (limit.seconds * 1000) / 10);
  timer.unref();
  return () => clearInterval(timer);
}
