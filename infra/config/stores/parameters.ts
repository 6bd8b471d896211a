/** Settings of the servers that a stack adds to those that this program makes. */
import { z } from 'zod';

const value = z.union([z.string().regex(/^[^\n\r]*$/, { error: 'has a line break' }), z.number(), z.boolean()]);

/** Name or pattern → why the program keeps it. */
type Owned = readonly (readonly [RegExp, string])[];

const ADDRESS = 'the pods, Services and certificates of the stack are made for it';
const ARCHIVE = 'archiving and recovery depend on it';
const DURABLE = 'without it a crash loses what was acknowledged';

const POSTGRES_OWNED: Owned = [
  [/^(archive_\w+|restore_command|recovery_\w+|primary_\w+|hot_standby|wal_log_hints|wal_keep_size)$/, ARCHIVE],
  [/^(fsync|full_page_writes|zero_damaged_pages|ignore_\w+|data_checksums)$/, DURABLE],
  [/^(listen_addresses|port|unix_socket\w*|ssl(_\w+)?|cluster_name|password_encryption)$/, ADDRESS],
  [/^(data_directory|config_file|hba_file|ident_file|external_pid_file)$/, 'Patroni keeps the files'],
];

const REDIS_OWNED: Owned = [
  [/^(append\w*|aof-.+|dir|dbfilename|save|rdb.*|stop-writes-on-bgsave-error)$/, DURABLE],
  [/^(port|tls-.+|bind|protected-mode|unixsocket.*|daemonize|supervised|include|loadmodule)$/, ADDRESS],
  [/^(requirepass|masterauth|masteruser|user|aclfile|rename-command)$/, 'the passwords of the stack are in a Secret'],
  [/^(replicaof|slaveof|cluster-.+)$/, 'the stack declares one instance'],
];

/** @param form of a name */
function parameters(form: RegExp, owned: Owned) {
  return z.record(z.string(), value).superRefine((given, context) => {
    for (const name of Object.keys(given)) {
      const why = owned.find(([pattern]) => pattern.test(name))?.[1];
      const message = !form.test(name)
        ? 'is not the name of a setting; write it in lower case'
        : why && `is set by this program: ${why}; remove it`;
      if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message, input: given[name] });
    }
  });
}

/** As in postgresql.conf, e.g. `{max_connections: 300, work_mem: 32MB}`. */
export const postgresParameters = parameters(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/, POSTGRES_OWNED);

/** As in redis.conf, e.g. `{maxmemory-policy: allkeys-lru}`. */
export const redisParameters = parameters(/^[a-z][a-z0-9-]*$/, REDIS_OWNED);

export type ServerParameters = Readonly<Record<string, string | number | boolean>>;
