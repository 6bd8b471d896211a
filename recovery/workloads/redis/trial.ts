/** A server of `dr`'s own on a copy of Redis that was laid down. */
import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { lookUpAccount } from '../../core/account.ts';
import type { CaptureFacts } from '../../points/point.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import type { TrialRequest } from '../workload.ts';
import { withPrivateRedis } from './private-server.ts';

/** Copies of earlier versions don't tell: no server has more than a few thousand, and an empty one costs nothing. */
function databasesThen({ databases }: CaptureFacts): number {
  return typeof databases === 'number' ? databases : 4096;
}

/** On a private socket; it never saves. It ends with the use. */
export async function withRedisOfCopy<T>(
  site: Site,
  { destination: folder, capture }: Pick<SnapshotItem, 'destination' | 'capture'>,
  { scratch, signal }: Pick<TrialRequest, 'scratch' | 'signal'>,
  use: (aside: Site, settings: RedisSettings) => Promise<T>,
): Promise<T> {
  const account = await lookUpAccount(site.environment.runAs);
  if (account) {
    for (const path of [folder, ...(await readdir(folder)).map((name) => join(folder, name))])
      await chown(path, account.uid, account.gid);
  }
  const server = { folder, sockets: scratch.sockets, databases: databasesThen(capture.facts), signal };
  return withPrivateRedis(site, server, use);
}
