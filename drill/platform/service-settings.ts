/** What a service reads of dr.yaml. By hand and not by the schemas of `recovery/config`: loading those would slow down each start. */
import { dirname } from 'node:path';
import { parse } from 'yaml';
import { valueAt } from '../../recovery/core/json.ts';

export interface ServiceSettings {
  /** Folder of the services' sockets and of PostgreSQL's. */
  readonly run: string;
  readonly database: { readonly port: number; readonly name: string };
  readonly redis: { readonly socket: string; readonly passwordFile: string };
  /** Path of a folder workload. */
  folder(workload: string): string;
}

/** @param envFile path of dr.yaml, with the content `text` */
export function readServiceSettings(envFile: string, text: string): ServiceSettings {
  const document: unknown = parse(text);
  const textAt = (...path: readonly string[]): string => {
    const value = valueAt(document, ...path);
    return typeof value === 'string' ? value : '';
  };
  return {
    run: textAt('postgres', 'socketDir') || dirname(envFile),
    database: {
      port: Number(valueAt(document, 'postgres', 'port') ?? 5432),
      name: textAt('postgres', 'database') || 'go_coffee',
    },
    redis: { socket: textAt('redis', 'socket'), passwordFile: textAt('redis', 'password', 'file') },
    folder: (workload) => textAt('folders', workload, 'path') || `/no ${workload}`,
  };
}
