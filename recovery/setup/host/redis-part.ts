/** Pure: the section `redis` of the environment file. */
import { remark, section, value } from '../document.ts';
import type { Unanswered } from '../found.ts';
import type { HostChoices, HostFacts } from './look.ts';
import { openRemark, type ProposedPart } from './proposed-part.ts';
import type { RedisAnswers, RedisServer } from './redis.ts';

export interface RedisPart extends ProposedPart {
  readonly dataDir?: string;
}

function placeLines({ address }: RedisServer, { socket }: RedisAnswers) {
  if (socket !== '') return [value('socket', socket, 'unixsocket')];
  const colon = address.lastIndexOf(':');
  return [
    value('host', address.slice(0, colon), 'it has no unixsocket'),
    value('port', Number(address.slice(colon + 1)), 'port'),
  ];
}

function lines(server: RedisServer, answers: RedisAnswers, passwordFile: string | undefined): RedisPart {
  const { unit } = server;
  const { dataDir, version, role, configFile, dbfilename, appendOnly } = answers;
  const name = unit?.replace(/\.service$/, '');
  const part = section('redis', `Redis ${version}, ${role}; ${dbfilename}, appendonly ${appendOnly ? 'yes' : 'no'}`, [
    ...placeLines(server, answers),
    ...(passwordFile === undefined ? [] : [value('password', { file: passwordFile }, 'named by --redis-password')]),
    value('dataDir', dataDir, 'dir'),
    ...(configFile === '' ? [] : [value('configFile', configFile, 'config_file')]),
    name === undefined
      ? remark('control: no unit of systemd runs it, so `dr` starts it by its configuration file')
      : section('control', `${unit} of systemd runs it`, [
          value('start', ['systemctl', 'start', name], 'runs as root'),
          value('stop', ['systemctl', 'stop', name], 'runs as root'),
        ]),
  ]);
  const notes = role === 'slave' ? ['Redis here is a replica: set dr up on the host of its master'] : [];
  return { part, dataDir, notes };
}

export function redisPart(facts: Pick<HostFacts, 'redis'>, choices: HostChoices): RedisPart {
  const open = (unanswered: Unanswered): RedisPart => ({
    part: openRemark('redis', unanswered),
    unanswered: [unanswered],
  });
  const named = choices.redis;
  const at = (address: string | undefined) => facts.redis.filter((each) => each.address === address);
  const before = at(choices.before?.redis);
  const servers = named !== undefined ? at(named) : before.length > 0 ? before : facts.redis;
  const [server, second] = servers;
  if (server === undefined) return { part: remark('redis: none runs on this host') };
  if (second !== undefined) {
    const names = servers.map(({ address, pid }) => address || `process ${pid}`).join(', ');
    const why = `${servers.length} servers run here (${names}), and one environment has one`;
    return open({ about: 'redis', why, hint: `choose one: --redis ${server.address}` });
  }
  const { asked } = server;
  return asked.unanswered ? open(asked.unanswered) : lines(server, asked.value, choices.redisPassword);
}
