/**
 * Whose the files of Redis are. A server that the host's service manager starts runs as an account of its own: files of another account
 * stop its next save, and then its writes.
 */
import { stat } from 'node:fs/promises';
import type { RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { idOf, lookUpAccount, nameOf } from '../../core/account.ts';
import type { CaptureFacts } from '../../points/point.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

async function ownerOfFolder(path: string): Promise<Owner | undefined> {
  const found = await stat(path).catch(ifAbsent(undefined));
  return found === undefined ? undefined : { uid: found.uid, gid: found.gid };
}

/** What a capture says of the owner: names, because numbers differ from host to host, and the number for a host without that name. */
export async function ownerFacts(dataDir: string): Promise<CaptureFacts> {
  const { uid, gid } = await stat(dataDir);
  return { owner: uid, ownerName: await nameOf('passwd', uid), groupName: await nameOf('group', gid) };
}

/** The account of that name on this host, never another one that has its number. */
async function ownerThen({ ownerName, groupName }: CaptureFacts): Promise<Owner | undefined> {
  if (typeof ownerName !== 'string' || typeof groupName !== 'string') return undefined;
  const [uid, gid] = [await idOf('passwd', ownerName), await idOf('group', groupName)];
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/**
 * Of files that are laid down for the server. `dr` starts a server without `control` itself, as `runAs`. Any other one owns its folder
 * already; where the folder is lost, or was made by root, the account of the capture owns it. Undefined when `dr` may not give files away.
 */
export async function ownerOfFiles(
  site: Site,
  settings: RedisSettings,
  facts: CaptureFacts,
): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  if (settings.control !== undefined) {
    const now = await ownerOfFolder(settings.dataDir);
    if (now !== undefined && now.uid !== 0) return now;
    const then = await ownerThen(facts);
    if (then !== undefined) return then;
  }
  const account = await lookUpAccount(site.environment.runAs);
  if (account) return account;
  const uid = Number(facts.owner);
  return Number.isInteger(uid) ? { uid, gid: uid } : undefined;
}
