/**
 * One service of the drill's platform, and how it is started, stopped and checked:
 * `node service.ts start|stop|health|run --service auth-service --env dr.yaml --pids FOLDER`.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { askService, serviceSocket, startService, stopService } from './service-control.ts';
import { readServiceSettings } from './service-settings.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { service: { type: 'string' }, env: { type: 'string' }, pids: { type: 'string' } },
});
const [action] = positionals;
const { service, env, pids } = values;
if (!service || !env || !pids) throw new Error('--service, --env and --pids are needed');
const settings = readServiceSettings(env, readFileSync(env, 'utf8'));
const location = { service, env, pids, run: settings.run };

async function health(): Promise<void> {
  const { status, body } = await askService(location, '/health');
  process.stdout.write(`${body.trim()}\n`);
  // The program's whole answer to `dr health`. It is a program, not a library.
  if (status !== 200) process.exitCode = 1;
}

if (action === 'start') await startService(location);
else if (action === 'stop') await stopService(location);
else if (action === 'health') await health();
else if (action === 'run') {
  const { runService } = await import('./service-process.ts');
  await runService(service, settings, serviceSocket(location));
} else throw new Error(`unknown action "${action}"; one of: start, stop, health, run`);
