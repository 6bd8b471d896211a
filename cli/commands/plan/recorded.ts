/** Writes a record for a command, and says where it lies. */
import type { Site } from '../../../recovery/config/site.ts';
import type { ExitCode } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { RecordFacts } from '../../../recovery/records/document.ts';
import { type RecordWritten, writeRecord } from '../../../recovery/records/store.ts';

export interface Recorded {
  readonly exit: ExitCode;
  readonly data: RecordWritten;
  readonly lines: readonly string[];
}

/** Exit 3 when a repository did not take it: the next record brings it there. */
export async function recorded(site: Site, facts: RecordFacts & { readonly by: string }, now: Date): Promise<Recorded> {
  const data = await writeRecord(site, facts, now);
  return {
    exit: exitFor({ partial: data.failed.length > 0 }),
    data,
    lines: [
      `signed, and kept in ${data.written.join(', ')}`,
      ...data.failed.map(({ place, fact }) => `not in ${place} yet: ${fact}\n  the next record brings it there`),
    ],
  };
}
