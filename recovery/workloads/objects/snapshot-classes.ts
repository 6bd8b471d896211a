/** Which storage drivers can make snapshots here. It only adds a word to what is said of a claim, so that it may not be known is no error. */
import { textOf } from '../../kubernetes/objects.ts';
import { type Asked, byKind } from './ask.ts';
import { isForbidden } from './unread.ts';

const VOLUME_SNAPSHOT_CLASS = 'VolumeSnapshotClass.snapshot.storage.k8s.io';

/** Driver → name of its class. Empty where the account may not list them, or the cluster does not know the kind. */
export async function readSnapshotClasses({ cluster, discovery, unread }: Asked): Promise<ReadonlyMap<string, string>> {
  const [type] = byKind(discovery, VOLUME_SNAPSHOT_CLASS);
  if (type === undefined) return new Map();
  const found = await unread.read(type, [], async () => {
    try {
      return await cluster.list(type);
    } catch (error) {
      if (isForbidden(error)) return [];
      throw error;
    }
  });
  return new Map(found.map(({ metadata, driver }) => [textOf(driver), metadata.name]));
}
