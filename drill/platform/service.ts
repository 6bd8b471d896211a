/**
 * One service of the drill's platform, and how it is started, stopped and asked for its health:
 * `node service.ts start|stop|health|run --service auth-service --env dr.yaml --pids FOLDER`.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import type { Environment } from '../../recovery/config/environment.ts';
import { askService, serviceSocket, startService, stopService } from './service-control.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { service: { type: 'string' }, env: { type: 'string' }, pids: { type: 'string' } },
});
const [action] = positionals;
const { service, env, pids } = values;
if (!service || !env || !pids) throw new Error('--service, --env and --pids are needed');
const environment = parse(readFileSync(env, 'utf8')) as Environment;
const place = { service, env, pids, run: environment.postgres?.socketDir ?? dirname(env) };

async function health(): Promise<void> {
  const { status, body } = await askService(place, '/health');
  process.stdout.write(`${body.trim()}\n`);
  // The program's whole answer to `dr health`; it is no library.
  if (status !== 200) process.exitCode = 1;
}

if (action === 'start') await startService(place);
else if (action === 'stop') await stopService(place);
else if (action === 'health') await health();
else if (action === 'run') {
  const { runService } = await import('./service-process.ts');
  await runService(service, environment, serviceSocket(place));
} else throw new Error(`unknown action "${action}"; one of: start, stop, health, run`);
