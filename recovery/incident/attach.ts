/**
 * While an incident is open, the commands of a recovery write what they do into it. The command never waits for that and never fails by it: the
 * incidents are opened beside it, events wait their turn in memory, and `flush` gives up after some seconds.
 */

import { randomUUID } from 'node:crypto';
import type { Site } from '../config/site.ts';
import { messageOf } from '../core/errors.ts';
import { type Logger, scrub } from '../core/log.ts';
import { answerWithin } from '../core/wait/with-limit.ts';
import type { EventOf } from './events.ts';
import { type Incidents, openIncidents } from './incidents.ts';

export interface AttachOptions {
  /** Opened in the background. */
  site(): Promise<Site>;
  /** The command as it was typed: `dr restore --to latest`. It is scrubbed of what looks like a secret. */
  readonly line: string;
  readonly by: string;
  now(): Date;
  readonly log: Logger;
}

type CommandFacts = Omit<EventOf<'command'>, 'type' | 'run' | 'line'>;

export interface Attachment {
  /** Keeps the moment of the call; written as soon as that is possible. */
  tell(facts: CommandFacts, at?: Date): void;
  /** Returns when all is written, or after `seconds`. Never throws. */
  flush(seconds: number): Promise<void>;
}

/** For each place when the incidents are opened, and for each event. */
const SECONDS = 5;
const LONGEST = 400;

/** The command is told as started at once. */
export function attach({ site, line, by, now, log }: AttachOptions): Attachment {
  const run = randomUUID();
  const opened = site().then((each) => openIncidents(each, { seconds: SECONDS }));
  let queue: Promise<unknown> = Promise.resolve();
  const note = (what: string) => (error: unknown) => log.debug({ error: messageOf(error) }, what);
  opened.catch(note('the incidents could not be opened: nothing is written into one'));
  const write = async (incidents: Incidents, facts: CommandFacts, at: Date): Promise<void> => {
    const detail = facts.detail === undefined ? {} : { detail: short(facts.detail) };
    for (const { id } of incidents.open()) {
      const event = { type: 'command', run, line: scrub(line), ...facts, ...detail } as const;
      await incidents.append(id, event, { by, at, now: at });
    }
  };
  const tell = (facts: CommandFacts, at = now()): void => {
    queue = queue
      .then(async () => write(await opened, facts, at))
      .catch(note('an event of this command could not be written into the incident'));
  };
  tell({ phase: 'start' });
  return {
    tell,
    async flush(seconds) {
      await answerWithin(queue, seconds);
    },
  };
}

function short(text: string): string {
  const clean = scrub(text).trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}
