/** Starts, stops and queries a service of the drill's platform over its socket. */
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThereSync } from '../../recovery/core/absent.ts';
import { isAlive } from '../../recovery/core/pids.ts';
import { endTracked, readTracked, startDaemon, waitFor } from '../host/processes.ts';

export const SERVICE_PROGRAM = fileURLToPath(new URL('./service.ts', import.meta.url));

export interface ServiceLocation {
  readonly service: string;
  /** Path of dr.yaml. */
  readonly env: string;
  /** Folder of the pid files. */
  readonly pids: string;
  /** Folder of the sockets. */
  readonly run: string;
}

export function serviceSocket({ service, run }: Pick<ServiceLocation, 'service' | 'run'>): string {
  return join(run, `${service}.sock`);
}

export function serviceArgs({ service, env, pids }: Omit<ServiceLocation, 'run'>): string[] {
  return ['--service', service, '--env', env, '--pids', pids];
}

/** HTTP status and body; status 0 when the service does not answer. */
export function askService(
  location: Pick<ServiceLocation, 'service' | 'run'>,
  path: string,
  token?: string,
): Promise<{ status: number; body: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve) => {
    const asked = request({ socketPath: serviceSocket(location), path, headers, timeout: 8_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within 8 s')));
    asked.on('error', (error) => resolve({ status: 0, body: error.message }));
    asked.end();
  });
}

/** Returns when the service answers, healthy or not. Does nothing when it runs already. */
export async function startService(location: ServiceLocation): Promise<void> {
  const pidFile = join(location.pids, location.service);
  const running = await readTracked(pidFile);
  if (running && isAlive(running.pid, running.started)) return;
  rmSync(serviceSocket(location), { force: true });
  const started = await startDaemon({
    argv: [process.execPath, SERVICE_PROGRAM, 'run', ...serviceArgs(location)],
    cwd: '/',
    logFile: join(dirname(location.env), 'logs', `${location.service}.log`),
    pidFile,
  });
  await waitFor(`${location.service} listens`, async () => {
    if (!isAlive(started.pid, started.started)) throw new Error(`${location.service} ended at once; see its log`);
    return isThereSync(serviceSocket(location)) && (await askService(location, '/alive')).status === 200;
  });
}

export async function stopService({ pids, service }: Pick<ServiceLocation, 'pids' | 'service'>): Promise<void> {
  await endTracked(join(pids, service));
}
