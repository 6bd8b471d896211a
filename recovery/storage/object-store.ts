/** What every kind of storage can do. Tests may use a store that fails on command. */

export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
  readonly etag: string;
}

export interface StoredObject extends ObjectInfo {
  readonly body: Buffer;
}

/** Thrown by `put` when its condition does not hold. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
}

export type PutCondition = { readonly kind: 'absent' } | { readonly kind: 'etag'; readonly etag: string };

/**
 * A folder or a bucket. Keys are relative to the repository's root, with `/` between the parts and none in front.
 * `asOf` reads a versioned bucket as it was at that moment; a store without versions throws a DrError.
 */
export interface ObjectStore {
  readonly describe: string;
  get(key: string, asOf?: Date): Promise<StoredObject | undefined>;
  /** All objects under `prefix`, sorted by key. */
  list(prefix: string, asOf?: Date): Promise<ObjectInfo[]>;
  put(key: string, body: string | Buffer, condition?: PutCondition): Promise<{ readonly etag: string }>;
  /** On a versioned bucket this lays a delete marker. Absent keys are not an error. */
  delete(key: string): Promise<void>;
  /** The store's own time; undefined where it can't be learnt. A store without the method has no clock of its own. */
  clock?(): Promise<Date | undefined>;
}

/** Moves large objects by way of files, without holding them in memory. */
export interface BulkStore extends ObjectStore {
  /** Writes an object to `file`; the folder must be there. The file may be the object itself: it is only to be read. */
  download(object: ObjectInfo, file: string): Promise<void>;
  /** Puts the whole file over the object. Nobody may change the file until then. */
  upload(key: string, file: string): Promise<void>;
}
