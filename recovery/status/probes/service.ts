/** A service's health by its command in the environment file, which exits 0 when the service answers. */
import type { Site } from '../../config/site.ts';
import { DrError, messageOf } from '../../core/errors.ts';

const ANSWER_SECONDS = 15;
/** An order and its payment take longer than an answer. */
const FLOW_SECONDS = 60;

export interface ServiceHealth {
  /** Whether it is healthy. Undefined without a health command, or without a workload in the cluster. */
  readonly well: boolean | undefined;
  readonly fact: string;
}

export async function askService(site: Site, service: string, signal?: AbortSignal): Promise<ServiceHealth> {
  const { health = [] } = site.environment.services[service] ?? {};
  return askCommand(site, {
    argv: health,
    name: `services.${service}.health`,
    what: 'health command',
    seconds: ANSWER_SECONDS,
    signal,
  });
}

/** A business flow of the plan, by its probe in the environment file. */
export async function askFlow(site: Site, flow: string, signal?: AbortSignal): Promise<ServiceHealth> {
  const { probe = [], timeoutSeconds = FLOW_SECONDS } = site.environment.flows?.[flow] ?? {};
  return askCommand(site, { argv: probe, name: `flows.${flow}.probe`, what: 'probe', seconds: timeoutSeconds, signal });
}

async function askCommand(
  site: Site,
  facts: {
    readonly argv: readonly string[];
    readonly name: string;
    readonly what: string;
    readonly seconds: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<ServiceHealth> {
  const { argv, name, what, seconds, signal } = facts;
  const [program, ...args] = argv;
  if (program === undefined) return { well: undefined, fact: `${name} is not configured` };
  try {
    const options = { accept: 'any', cwd: '/', timeoutSeconds: seconds, signal, keep: 'ends' } as const;
    const { exitCode, stdout, stderr } = await site.run([program, ...args], options);
    const said = lastLine(stdout) || lastLine(stderr);
    if (exitCode === 0) return { well: true, fact: said || 'answers' };
    return { well: false, fact: `its ${what} exits ${exitCode}${said === '' ? '' : `: ${said}`}` };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { well: false, fact: error instanceof DrError ? error.fact : messageOf(error) };
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
