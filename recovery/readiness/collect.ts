/** Looks at everything that the checks need. What does not answer is a fact, and delays nothing else. */
import { checkHuman } from '../../plan/checks/human.ts';
import { checkPlan } from '../../plan/checks/validate.ts';
import { detachments } from '../config/detached.ts';
import type { Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { channelTests } from '../incident/channel-tests.ts';
import { openRecords } from '../incident/records.ts';
import { keysFingerprint } from '../keys/fingerprint.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import { recordsIn } from '../records/store.ts';
import { readRuns } from '../report/runs.ts';
import { runDoctor } from '../status/doctor/doctor.ts';
import type { Observation } from '../status/monitor/observation.ts';
import { lookAtStandby } from '../status/standby/look.ts';
import type { Facts, Looked } from './facts.ts';
import { lookAtRunning } from './running.ts';

/** Throws only bugs: what an error of the system or of a server says is an answer. */
async function look<T>(act: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { kind: 'seen', value: await act() };
  } catch (error) {
    rethrowBug(error);
    return { kind: 'unseen', fact: asDrError(error, 'readiness').fact };
  }
}

/** @param observation the last refresh of the monitor, or one that was made for this */
export async function collectFacts(site: Site, observation: Observation, now: Date): Promise<Facts> {
  const { plan, environment, file } = site;
  const opened = openRecords(site);
  const [runs, records, channels, fingerprint, doctor, running, standby] = await Promise.all([
    readRuns(environment.stateDir),
    look(async () => recordsIn(await opened)),
    look(async () => channelTests(site, await opened)),
    look(async () => keysFingerprint(site, (await readKeyring(site)).signingKey().secret)),
    look(() => runDoctor(site)),
    look(() => lookAtRunning(site)),
    look(() => lookAtStandby(site)),
  ]);
  return {
    ...{ now, plan, environment, file, observation, runs, records, channels, fingerprint, doctor, running, standby },
    findings: [...checkPlan(plan), ...checkHuman(plan, now)],
    detached: [...detachments(site).keys()],
  };
}
