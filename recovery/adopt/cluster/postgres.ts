/** The ports of an adoption of PostgreSQL in a cluster. */
import { lineageName } from '../../../plan/layout.ts';
import { type Login, sourceServer } from '../postgres/connect.ts';
import type { PostgresPorts } from '../postgres/run.ts';
import { managedIn } from './managed.ts';
import type { Opened } from './open.ts';
import { stackPort } from './stack.ts';

export async function postgresPorts(opened: Opened, login: Login, replicationPassword: string): Promise<PostgresPorts> {
  const { stack, access, site, ports, source } = opened;
  const { site: name, namespaces } = stack.outputs;
  const servers = await Promise.all(
    source.servers.map(async (behind) => {
      const { host, port } = await opened.reach(behind);
      return sourceServer({ describe: behind.describe, host, port }, login);
    }),
  );
  const [first] = servers;
  if (first === undefined) throw new TypeError('a source without a server was refused');
  const own = stackPort({ stack, site, progress: ports.progress, signal: ports.signal, replicationPassword });
  const lineage = async () => lineageName(name, await own.generation());
  return {
    ...ports,
    servers,
    source: first,
    managed: managedIn({ access, site, namespace: namespaces.platform, lineage }),
    stack: own,
  };
}
