/** What uses a store stops in reverse tier order and starts in tier order. */
import { poll } from '../core/poll.ts';
import type { AdoptPorts, User } from './types.ts';
import { waitOf } from './types.ts';

/** After its start a service pulls its image and opens its connections. */
const READY_SECONDS = 180;

function byTier(users: readonly User[]): User[][] {
  const tiers = [...new Set(users.map(({ tier }) => tier))].sort();
  return tiers.map((tier) => users.filter((user) => user.tier === tier));
}

const nameOf = ({ namespace, name }: User): string => `${namespace}/${name}`;

/** Does not wait until the pods are gone: the source itself lets nobody write. */
export async function stopUsers({ platform, progress }: AdoptPorts, users: readonly User[]): Promise<void> {
  if (users.length === 0) return;
  const step = { step: 'switch/stop', title: 'stop what uses it', detail: users.map(nameOf).join(', ') };
  progress({ ...step, state: 'start' });
  for (const tier of byTier(users).reverse()) await Promise.all(tier.map((user) => platform.stop(user)));
  progress({ ...step, state: 'done' });
}

/** Waits until it is ready; what is not by then is said, and is no failure of the switch. */
export async function startUsers(ports: AdoptPorts, users: readonly User[]): Promise<void> {
  if (users.length === 0) return;
  const { platform, progress, log } = ports;
  const step = { step: 'switch/start', title: 'start what uses it' };
  progress({ ...step, state: 'start', detail: users.map(nameOf).join(', ') });
  for (const tier of byTier(users)) await Promise.all(tier.map((user) => platform.start(user)));
  const { answer: late, accepted } = await poll(
    waitOf(ports, READY_SECONDS),
    () => platform.notReady(users),
    (names) => names.length === 0,
  );
  if (accepted) return progress({ ...step, state: 'done' });
  log.warn({ late }, 'not ready yet; their own pods say why');
  progress({ ...step, state: 'failed', detail: `not ready: ${late.join(', ')}` });
}
