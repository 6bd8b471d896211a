/** One run of the engine: its events told as they come, and what it came to. */
import type { EngineEvent, OutputMap } from '@pulumi/pulumi/automation/index.js';
import { explain } from './cli.ts';
import type { Diagnostic, ResourceEvent, RunOptions, RunOutcome } from './engine.ts';
import { toChanges, toDiagnostic, toResourceEvent } from './events.ts';

/** What `up`, `preview` and `destroy` of the Automation API have in common. */
export interface Operation {
  readonly onEvent: (event: EngineEvent) => void;
  readonly signal?: AbortSignal;
  readonly continueOnError?: boolean;
  readonly color: 'never';
  readonly suppressOutputs: boolean;
}

interface Heard {
  readonly failed: ResourceEvent[];
  readonly diagnostics: Diagnostic[];
  changes: Readonly<Record<string, number>>;
}

function listen(heard: Heard, options: RunOptions, preview: boolean): (event: EngineEvent) => void {
  return (event) => {
    heard.changes = toChanges(event) ?? heard.changes;
    const diagnostic = toDiagnostic(event);
    if (diagnostic !== undefined) {
      heard.diagnostics.push(diagnostic);
      options.onDiagnostic?.(diagnostic);
    }
    const resource = toResourceEvent(event, preview);
    if (resource === undefined) return;
    const said = resource.state === 'failed' ? saidOf(resource, heard.diagnostics) : resource;
    if (said.state === 'failed') heard.failed.push(said);
    options.onEvent?.(said);
  };
}

/** Why a resource failed stands in a message of its own, before or after it. */
function saidOf(event: ResourceEvent, diagnostics: readonly Diagnostic[]): ResourceEvent {
  const own = diagnostics.findLast(({ urn, severity }) => urn === event.urn && severity === 'error');
  return own === undefined ? event : { ...event, message: own.message };
}

/** Throws what is no matter of a resource: a lock, a passphrase, the program's own refusal, an engine that died. */
export async function runOperation(
  stack: string,
  options: RunOptions,
  kind: 'up' | 'preview' | 'destroy',
  operate: (operation: Operation) => Promise<unknown>,
): Promise<RunOutcome> {
  const heard: Heard = { failed: [], diagnostics: [], changes: {} };
  const { signal, keepGoing } = options;
  const outcome = (succeeded: boolean): RunOutcome => ({
    succeeded,
    changes: heard.changes,
    failed: heard.failed.map((event) => saidOf(event, heard.diagnostics)),
    diagnostics: heard.diagnostics,
  });
  try {
    await operate({
      onEvent: listen(heard, options, kind === 'preview'),
      color: 'never',
      suppressOutputs: true,
      ...(signal === undefined ? {} : { signal }),
      // A preview has nothing to go on with.
      ...(keepGoing === true && kind !== 'preview' ? { continueOnError: true } : {}),
    });
    return outcome(true);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    const text = (error as Error).message;
    const errors = heard.diagnostics.filter(({ severity }) => severity === 'error');
    if (heard.failed.length > 0 || errors.length > 0) return outcome(false);
    throw explain(stack, text, error);
  }
}

export function plainOutputs(outputs: OutputMap): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value as unknown]));
}
