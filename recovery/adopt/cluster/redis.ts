/** The ports of an adoption of Redis in a cluster. */
import { bringUp } from '../../failover/up.ts';
import { fieldsOf, listOf, textOf } from '../../kubernetes/objects.ts';
import { podTemplateOf } from '../../kubernetes/pod-template.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import type { RedisPorts, RedisStackPort } from '../redis/run.ts';
import { type RedisLogin, redisServer } from '../redis/server.ts';
import type { Opened } from './open.ts';
import { bytesOf } from './room.ts';

/** Name of the stack's StatefulSet and Service, and its port. */
const REDIS = 'redis';
const PORT = 6379;

function redisStack({ stack, ports }: Opened): RedisStackPort {
  const { progress, signal } = ports;
  const settings = async () => {
    const value = (await stack.engine.config()).redis?.value;
    return fieldsOf(typeof value === 'string' ? JSON.parse(value) : value);
  };
  const up = () => bringUp({ stack: stack.engine, step: 'adopt', progress, signal, waits: undefined });
  return {
    name: stack.name,
    generation: async () => stack.outputs.generation,
    async reach({ host, port, service }, password) {
      const inside = service === undefined ? {} : { namespace: service.namespace, podPort: service.podPort };
      const clients = password === undefined ? 'open' : 'password';
      const redis = { ...(await settings()), adopt: { host, port, ...inside }, clients };
      const second = password === undefined ? {} : { redisClientPassword: { value: password, secret: true } };
      await stack.engine.setConfig({ redis: { value: redis }, ...second });
      await up();
    },
    async leave() {
      const { adopt, ...kept } = await settings();
      if (adopt === undefined) return;
      await stack.engine.setConfig({ redis: { value: kept } });
      await up();
    },
  };
}

export async function redisPorts(opened: Opened, login: RedisLogin, password: string): Promise<RedisPorts> {
  const { source, ports } = opened;
  const servers = await Promise.all(
    source.servers.map(async (behind) => {
      const { host, port } = await opened.reach(behind);
      return redisServer({ describe: behind.describe, host, port }, login);
    }),
  );
  const [first] = servers;
  if (first === undefined) throw new TypeError('a source without a server was refused');
  const own = await opened.reachPod(`${REDIS}-0`, PORT);
  const managed = redisServer({ describe: 'Redis of the stack', ...own }, { user: undefined, password });
  return { ...ports, servers, source: first, managed, stack: redisStack(opened), login };
}

/** Memory of its container; undefined where there is no limit. */
export async function redisMemory({ cluster, stack }: Opened): Promise<number | undefined> {
  const set = await cluster.get(SERVED.statefulSet, REDIS, stack.outputs.namespaces.platform);
  if (set === undefined) return undefined;
  const containers = listOf(fieldsOf(podTemplateOf(set).spec).containers).map(fieldsOf);
  const limits = fieldsOf(fieldsOf(containers.find(({ name }) => name === REDIS)?.resources).limits);
  return bytesOf(textOf(limits.memory));
}
