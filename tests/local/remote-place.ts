/** Two hosts in one folder: files of the stores are PostgreSQL's account's alone, those of the pods another one's. */
import { chmod, chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, lookUpAccount } from '../../recovery/core/account.ts';

/** One side of the wire. */
export class Side {
  readonly folder: string;
  /** Undefined where the tests have no rights to give away: then all is their own. */
  readonly account: Account | undefined;

  constructor(folder: string, account: Account | undefined) {
    this.folder = folder;
    this.account = account;
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** A folder that nobody else enters, or one that others may pass through. */
  async owned(name: string, mode = 0o750): Promise<string> {
    const path = this.path(name);
    await mkdir(path, { recursive: true });
    await chmod(path, mode);
    if (this.account) await chown(path, this.account.uid, this.account.gid);
    return path;
  }

  /** As Kubernetes mounts a Secret for a pod with a group of its own: 0440, root's. */
  async secret(name: string, value: string): Promise<string> {
    const path = this.path('secrets', name);
    await mkdir(this.path('secrets'), { recursive: true });
    await writeFile(path, value, { mode: this.account ? 0o440 : 0o400 });
    if (this.account) await chown(path, 0, this.account.gid);
    return path;
  }
}

export interface Place {
  readonly folder: string;
  readonly stores: Side;
  readonly pods: Side;
}

/** Short, because sockets lie below. */
export async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir().length < 40 ? tmpdir() : '/tmp', 'dr-test-'));
  await chmod(folder, 0o755);
  const root = process.getuid?.() === 0;
  const side = async (name: string, account: string): Promise<Side> => {
    const path = join(folder, name);
    await mkdir(path);
    return new Side(path, root ? await lookUpAccount(account) : undefined);
  };
  return { folder, stores: await side('stores', 'postgres'), pods: await side('pods', 'nobody') };
}
