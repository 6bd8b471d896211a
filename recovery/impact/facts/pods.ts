/** Facts about the pods of PostgreSQL, Redis, the engines and the jobs: what they run, with which variables, on which volumes. */
import { at, listAt, textAt } from '../../../plan/declared/values.ts';
import { type DeclaredResource, kindOf } from '../declared.ts';
import { type Fact, NEVER_SHOWN } from '../fact.ts';
import { leavesOf } from '../settings/flatten.ts';
import { factOf, type Meaning, ranked, read, short, shown } from '../settings/meaning.ts';
import { ALL_OPTIONS, optionOf } from '../settings/pgbackrest.ts';
import { POSTGRES_SETTINGS } from '../settings/postgres.ts';
import { weakensRedis } from '../settings/redis.ts';
import { isOwn } from './files.ts';

const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  StatefulSet: ['spec', 'template'],
  Deployment: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

/** They change what a pod shows or how long it waits, and nothing that is kept. */
const HARMLESS_ENV =
  /^(HOME|TZ|LANG|LC_\w+|PATH|TMPDIR|LOG_\w+|NODE_\w+|GODEBUG|GOMAXPROCS|GOMEMLIMIT|NO_COLOR|PG\w*TIMEOUT|PATRONI_NAME|PATRONI_LOG_\w+|PATRONI_KUBERNETES_(POD_IP|NAMESPACE)|PATRONI_\w+_CONNECT_ADDRESS|RESTIC_(PROGRESS_FPS|CACHE_DIR|PACK_SIZE|READ_CONCURRENCY)|PGBACKREST_(LOG_\w+|PROCESS_MAX|IO_TIMEOUT|DB_TIMEOUT|PROTOCOL_TIMEOUT|BUFFER_SIZE))$/;

/** `-c name=value` of a PostgreSQL command or PGOPTIONS that is known to be worse than the shipped setting. */
function weakensPostgres(words: readonly string[]): boolean {
  return words
    .join(' ')
    .split(/\s+-c\s+|\s+--(?=[a-z_]+=)/)
    .some((part) => {
      const [, name = '', value = ''] = /^([a-z_]+)=(\S*)/.exec(part.trim()) ?? [];
      const meaning = POSTGRES_SETTINGS[name.replaceAll('-', '_')];
      if (meaning === undefined) return false;
      const judged = meaning.judge(value).worth;
      const wanted = meaning.judge(name === 'archive_mode' ? 'on' : (meaning.absent ?? 'on')).worth;
      return judged !== undefined && wanted !== undefined && judged < wanted;
    });
}

function commandFact(container: unknown, of: string): Fact {
  const words = [...listAt(container, 'command'), ...listAt(container, 'args')].map(String);
  const redis = words.some((word) => /(redis|valkey)-server/.test(word));
  const weak = (redis && weakensRedis(words)) || weakensPostgres(words);
  return {
    area: 'recovery',
    what: `command of ${of}`,
    value: short(words.join(' ')) + (words.join(' ').length > 160 ? ` … (${words.join(' ').length} characters)` : ''),
    ...{ worth: weak ? 0 : 1, unclear: true, of },
    harm: { store: redis ? 'redis' : 'postgres', says: 'its command line turns a protection off' },
  };
}

const TO_READ: Meaning = read({ area: 'recovery' });

function variableFacts(container: unknown, of: string): Fact[] {
  return listAt(container, 'env').flatMap((variable): Fact[] => {
    const name = textAt(variable, 'name') ?? '';
    if (HARMLESS_ENV.test(name)) return [];
    const what = `variable ${name} of ${of}`;
    const option = optionOf(name);
    const known = option === undefined ? undefined : ALL_OPTIONS[option];
    const value = at(variable, 'value');
    if (known !== undefined && value !== undefined) return [factOf(what, known, value, { of, unclear: true })];
    const from = leavesOf(at(variable, 'valueFrom'));
    const text =
      value === undefined
        ? Object.entries(from)
            .map(([key, item]) => `${key.split('.').at(-1)} ${String(item)}`)
            .join(', ')
        : value;
    return [factOf(what, TO_READ, text, { of })];
  });
}

/** What a mount shows, whatever the volume is called. A claim that becomes an `emptyDir` loses its data with the pod. */
function volumeFacts(spec: unknown, container: unknown, of: string): Fact[] {
  const volumes = new Map(listAt(spec, 'volumes').map((volume) => [textAt(volume, 'name') ?? '', volume] as const));
  const claim = ranked(['emptyDir', 'claim'], { area: 'data', harm: 'its data goes with the pod' });
  return listAt(container, 'volumeMounts').flatMap((mount): Fact[] => {
    const path = textAt(mount, 'mountPath') ?? '';
    const volume = volumes.get(textAt(mount, 'name') ?? '');
    // A template of the StatefulSet has no volume in the pod.
    const kind =
      volume === undefined ? 'claim' : (Object.keys(volume as object).find((key) => key !== 'name') ?? 'claim');
    if (/^\/(tmp|dev\/shm|var\/run)\b/.test(path)) return [];
    const what = `volume at ${path} of ${of}`;
    if (['persistentVolumeClaim', 'claim', 'emptyDir'].includes(kind))
      return [factOf(what, claim, kind === 'emptyDir' ? kind : 'claim', { of })];
    const source = at(volume, kind);
    const name = textAt(source, 'name') ?? textAt(source, 'secretName') ?? textAt(source, 'claimName') ?? '';
    return [factOf(what, read({ area: 'recovery' }), `${kind} ${name}`, { of })];
  });
}

export function podFacts(resource: DeclaredResource): Fact[] {
  const kind = kindOf(resource);
  const path = TEMPLATES[kind];
  if (path === undefined || !resource.type.startsWith('kubernetes:') || !isOwn(resource.inputs)) return [];
  const name = String(at(resource.inputs, 'metadata', 'name'));
  const spec = at(resource.inputs, ...path, 'spec');
  const own = `pods of ${kind} ${name}`;
  const there: Fact = { area: 'recovery', what: own, value: 'there' };
  return [
    // Its absence has rows of its own: held data, a schedule, an instance.
    { ...there, of: NEVER_SHOWN },
    ...['initContainers', 'containers'].flatMap((group) =>
      listAt(spec, group).flatMap((container): Fact[] => {
        const of = `${textAt(container, 'name') ?? '?'} in ${kind} ${name}`;
        return [
          { area: 'recovery', what: of, value: 'there', unclear: true, of: own },
          factOf(`image of ${of}`, shown({ area: 'recovery' }), textAt(container, 'image'), { of }),
          ...(kind === 'CronJob' ? [] : [commandFact(container, of)]),
          ...variableFacts(container, of),
          ...volumeFacts(spec, container, of),
        ];
      }),
    ),
  ];
}
