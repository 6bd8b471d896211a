/** Fixture: an API server with its own store, for one file of tests. No node and no controller is behind it. */
import { afterAll, beforeAll } from 'vitest';
import { makeScratch } from '../scratch.ts';
import { type ApiServer, type Store, startApiServer, startEtcd } from './api-server.ts';

export interface OneServer {
  readonly server: ApiServer;
  readonly store: Store;
  readonly folder: string;
}

/** Its fields are there once the tests begin. @param prepare what the tests find in it */
export function oneServer(name: string, prepare: (server: ApiServer) => Promise<void>): OneServer {
  const ends: (() => PromiseLike<void>)[] = [];
  let made: OneServer | undefined;
  beforeAll(async () => {
    const { folder, remove } = await makeScratch();
    ends.push(remove);
    const store = await startEtcd(folder);
    ends.push(() => store[Symbol.asyncDispose]());
    const server = await startApiServer(store, folder, name);
    ends.push(() => server[Symbol.asyncDispose]());
    made = { server, store, folder };
    await prepare(server);
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const own = (): OneServer => {
    if (made === undefined) throw new Error('the API server is not there yet');
    return made;
  };
  return {
    get server() {
      return own().server;
    },
    get store() {
      return own().store;
    },
    get folder() {
      return own().folder;
    },
  };
}
