/** A service's health by its command in the environment file, which exits 0 when the service answers. */
import type { Site } from '../../config/site.ts';
import { DrError, messageOf } from '../../core/errors.ts';

const ANSWER_SECONDS = 15;

export interface ServiceHealth {
  /** Whether it is healthy. Undefined without a health command, or without a workload in the cluster. */
  readonly well: boolean | undefined;
  readonly fact: string;
}

export async function askService(site: Site, service: string, signal?: AbortSignal): Promise<ServiceHealth> {
  const [program, ...args] = site.environment.services[service]?.health ?? [];
  if (program === undefined) return { well: undefined, fact: `services.${service}.health is not configured` };
  try {
    const options = { accept: 'any', cwd: '/', timeoutSeconds: ANSWER_SECONDS, signal, keep: 'ends' } as const;
    const { exitCode, stdout, stderr } = await site.run([program, ...args], options);
    const said = lastLine(stdout) || lastLine(stderr);
    if (exitCode === 0) return { well: true, fact: said || 'answers' };
    return { well: false, fact: `its health command exits ${exitCode}${said === '' ? '' : `: ${said}`}` };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { well: false, fact: error instanceof DrError ? error.fact : messageOf(error) };
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
