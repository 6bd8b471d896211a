/** The plan's services as small processes of this platform. */
import type { Environment } from '../../recovery/config/environment.ts';
import { SERVICE_PROGRAM, type ServicePlace, serviceArgs, startService, stopService } from './service-control.ts';
import type { SitePaths } from './site-paths.ts';

export interface PlatformService {
  readonly id: string;
  readonly tier: 'P1' | 'P2' | 'P3' | 'P4';
}

/** In tier order. The plan's other two P1 services are PostgreSQL and Redis themselves. */
export const SERVICES: readonly PlatformService[] = [
  { id: 'auth-service', tier: 'P1' },
  { id: 'payment-service', tier: 'P2' },
  { id: 'order-service', tier: 'P2' },
  { id: 'ai-search', tier: 'P3' },
  { id: 'analytics', tier: 'P3' },
  { id: 'monitoring', tier: 'P4' },
  { id: 'logging', tier: 'P4' },
];

export function servicePlace(service: string, paths: SitePaths): ServicePlace {
  return { service, env: paths.envFile, pids: paths.pids, run: paths.run };
}

/** What dr.yaml says of each service. */
export function serviceControls(paths: SitePaths): Environment['services'] {
  const argv = (action: string, service: string): [string, ...string[]] => {
    return [process.execPath, SERVICE_PROGRAM, action, ...serviceArgs(servicePlace(service, paths))];
  };
  return Object.fromEntries(
    SERVICES.map(({ id }) => [id, { start: argv('start', id), stop: argv('stop', id), health: argv('health', id) }]),
  );
}

export async function startServices(paths: SitePaths): Promise<void> {
  await Promise.all(SERVICES.map(({ id }) => startService(servicePlace(id, paths))));
}

export async function stopServices(paths: SitePaths): Promise<void> {
  await Promise.all(SERVICES.map(({ id }) => stopService(servicePlace(id, paths))));
}
