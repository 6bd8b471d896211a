/** Commands that prove something record it: an escrow file was written, one was opened, a standby has taken over. `dr readiness` asks for it. */
import type { Site } from '../recovery/config/site.ts';
import { DrError } from '../recovery/core/errors.ts';
import type { FailoverReport } from '../recovery/failover/types.ts';
import type { BundleIndex } from '../recovery/keys/bundle.ts';
import type { CommandContext } from './command.ts';
import { openSite } from './open-site.ts';

type Facts = Readonly<Record<string, string>>;

async function note(site: Site, id: string, facts: Facts, { now }: CommandContext): Promise<void> {
  const [{ writeRecord }, { accountName }] = await Promise.all([
    import('../recovery/records/store.ts'),
    import('../recovery/core/holder.ts'),
  ]);
  const record = { by: accountName(), about: 'proof', id, result: 'passed', facts } as const;
  // The repositories get it from the next command that opens the records: these commands work without any of them.
  await writeRecord(site, record, now(), { localOnly: true });
}

/** The file stands where no record can be written; then a line says so. */
async function tryNote(what: string, act: () => Promise<void>): Promise<string[]> {
  try {
    await act();
    return [];
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return [
      `dr readiness does not learn of it: ${error.fact}\n  hint: dr plan record ${what} --by NAME --result passed`,
    ];
  }
}

export function noteWritten(site: Site, sha256: string, context: CommandContext): Promise<string[]> {
  return tryNote('escrow-written', async () => {
    const [{ keysFingerprint }, { readKeyring }] = await Promise.all([
      import('../recovery/keys/fingerprint.ts'),
      import('../recovery/points/catalog/keyring.ts'),
    ]);
    const fingerprint = await keysFingerprint(site, (await readKeyring(site)).signingKey().secret);
    await note(site, 'escrow-written', { sha256, fingerprint }, context);
  });
}

/** On the machine of a site alone: who opens it elsewhere is in a disaster, or records it by hand. */
export async function noteOpened(index: BundleIndex, sha256: string, context: CommandContext): Promise<string[]> {
  const { env } = context;
  if (env === undefined) return ['to record that it opens: dr plan record escrow-opened --by NAME --result passed'];
  return tryNote('escrow-opened', async () => {
    const site = await openSite({ ...context, env });
    if (site.environment.name === index.environment) await note(site, 'escrow-opened', { sha256 }, context);
  });
}

/** Without an environment file there is no place to record it in. */
export async function noteFailover(report: FailoverReport, context: CommandContext): Promise<string[]> {
  const { env } = context;
  if (env === undefined) return ['for the calendar of tests: dr plan record failover --by NAME --result passed'];
  return tryNote('failover', async () => {
    const site = await openSite({ ...context, env });
    await note(site, 'failover', { stack: report.stack, lineage: report.lineage }, context);
  });
}
