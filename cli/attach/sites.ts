/** Where a command without an environment file finds the open incident: in the repositories of its stack, or of its escrow file. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { loadPlan } from '../../plan/load.ts';
import type { Site } from '../../recovery/config/site.ts';
import { silentLog } from '../../recovery/core/log.ts';
import type { FailoverPorts } from '../../recovery/failover/ports.ts';
import { openFailoverPorts, operatorState } from '../../recovery/failover/wiring.ts';
import type { RecordPlace } from '../../recovery/incident/record-site.ts';
import type { CommandContext } from '../command.ts';

const optionsSchema = z.object({
  stack: z.string().optional(),
  like: z.string().optional(),
  keys: z.string().optional(),
  identity: z.string().optional(),
});

type Access = Pick<FailoverPorts, 'engine' | 'openStorage' | 'stateDir'>;

/** Throws where the stack was never deployed, as `readStack` does. */
export async function siteOfStack(ports: Access, name: string): Promise<Site> {
  const [{ readStack, signingKeyOf }, { recordSite }, plan] = await Promise.all([
    import('../../recovery/failover/stack.ts'),
    import('../../recovery/incident/record-site.ts'),
    loadPlan(),
  ]);
  const stack = await readStack(ports.engine, name);
  const { environment, site } = stack.outputs;
  const { stateDir } = ports;
  const facts = { environment, site, signingKey: signingKeyOf(stack), places: Object.values(stack.storage) };
  return recordSite({ ...facts, plan, stateDir }, ports.openStorage);
}

async function siteOfEscrow(keys: string, identity: string): Promise<Site> {
  const [{ readEscrowBundle }, { recordSite }, { openS3Location }] = await Promise.all([
    import('../../recovery/rebuild/credentials-bundle.ts'),
    import('../../recovery/incident/record-site.ts'),
    import('../../recovery/storage/s3/location.ts'),
  ]);
  const bundle = await readEscrowBundle(resolve(keys), resolve(identity), silentLog);
  const places = bundle.repositories.flatMap(({ id, s3 }): RecordPlace[] =>
    s3 === undefined ? [] : [{ id, ...s3, credentials: s3.restorer === 'web-identity' ? 'ambient' : s3.restorer }],
  );
  const stateDir = stateOfOperator();
  return recordSite({ ...bundle, places, stateDir }, ({ credentials, ...place }) => openS3Location(place, credentials));
}

const stateOfOperator = (): string => operatorState({ XDG_STATE_HOME: process.env.XDG_STATE_HOME });

/** Undefined for a command that has no such place. Reads only, beside the command itself. */
export function siteWithoutFile(
  options: unknown,
  context: Pick<CommandContext, 'progress' | 'now' | 'signal' | 'confirm'>,
): (() => Promise<Site>) | undefined {
  const { stack, like, keys, identity } = optionsSchema.safeParse(options).data ?? {};
  if (keys !== undefined && identity !== undefined) return () => siteOfEscrow(keys, identity);
  const known = like ?? stack;
  if (known === undefined) return undefined;
  return async () => {
    const { progress: _, ...quiet } = context;
    return siteOfStack(await openFailoverPorts({ ...quiet, progress: () => {} }, stateOfOperator()), known);
  };
}
