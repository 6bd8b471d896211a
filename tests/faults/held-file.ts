/** A file that holds up whoever reads it: what is killed then is killed in the middle of its work, on any machine. */
import { constants } from 'node:fs';
import { chown, type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { execa } from 'execa';
import { waitFor } from '../../drill/host/processes.ts';
import { hasCode } from '../../recovery/core/errors.ts';
import type { RunningDr } from './dr-process.ts';

export interface HeldFile {
  /**
   * Waits until somebody has opened it; they stay in their first read until `close`. Throws with the command's words when `by` has
   * ended before, and after 60 seconds.
   */
  reached(by: RunningDr): Promise<void>;
  /** The file is back for whoever opens it from now on; who holds the pipe still waits. */
  giveBack(): Promise<void>;
  /** Ends the wait of who holds the pipe: they read an empty file. */
  close(): Promise<void>;
}

/** A named pipe takes the file's place, with its owner and mode; the file lies in `away`, on the same file system. */
export async function holdFile(path: string, away: string): Promise<HeldFile> {
  const { uid, gid } = await stat(path);
  await rename(path, away);
  await execa('mkfifo', ['-m', '600', path]);
  await chown(path, uid, gid);
  let writer: FileHandle | undefined;

  /** A pipe can be opened for writing at once only when somebody reads it. */
  async function isRead(): Promise<boolean> {
    try {
      writer = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENXIO')) return false;
      throw error;
    }
  }
  return {
    reached: async (by) => {
      await waitFor(`somebody reads ${path}`, async () => (await isRead()) || !by.alive(), 60);
      if (writer !== undefined) return;
      const { stdout, stderr } = await by.done;
      throw new Error(`nobody has read ${path}:\n${stdout}${stderr}`);
    },
    giveBack: async () => {
      await rm(path);
      await rename(away, path);
    },
    close: async () => writer?.close(),
  };
}

/** For everybody: who waited reads an empty file, and whoever comes next the right one. */
export async function giveBack(held: HeldFile): Promise<void> {
  await held.giveBack();
  await held.close();
}
