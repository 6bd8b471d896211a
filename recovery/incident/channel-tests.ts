/** When each channel last worked: a log of its own beside the incidents, signed as they are. */
import { z } from 'zod';
import type { Site } from '../config/site.ts';
import { type Channel, channelsOf } from './channels/channels.ts';
import { type DeliveryResult, tryChannel } from './deliver.ts';
import type { Records } from './records.ts';

const LOG = 'channel-tests';

const testSchema = z.object({
  type: z.literal('channel-test'),
  channel: z.string(),
  /** `channels` or `testChannels`. */
  section: z.enum(['channels', 'testChannels']),
  ok: z.boolean(),
  detail: z.string().optional(),
});

export interface ChannelTest {
  readonly channel: string;
  readonly section: 'channels' | 'testChannels';
  readonly title: string;
  /** False for a channel of the plan that people tell by hand. */
  readonly configured: boolean;
  /** ISO 8601; absent where no test has worked yet. */
  readonly lastWorked?: string;
  readonly lastTest?: { readonly at: string; readonly ok: boolean; readonly detail?: string | undefined };
}

const SECTIONS = ['channels', 'testChannels'] as const;

function sectionChannels(site: Pick<Site, 'plan' | 'environment'>, section: (typeof SECTIONS)[number]): Channel[] {
  return channelsOf(site.plan, site.environment, section === 'testChannels');
}

/** Every channel of the plan and of dr.yaml, and when its last test worked. For a readiness check. */
export function channelTests(site: Pick<Site, 'plan' | 'environment'>, records: Records): ChannelTest[] {
  const tests = records.read(LOG).records.flatMap(({ at, event }) => {
    const parsed = testSchema.safeParse(event);
    return parsed.success ? [{ at, ...parsed.data }] : [];
  });
  return SECTIONS.flatMap((section) =>
    sectionChannels(site, section).map(({ id, title, settings }): ChannelTest => {
      const own = tests.filter((test) => test.channel === id && test.section === section);
      const [last, worked] = [own.at(-1), own.findLast(({ ok }) => ok)];
      return {
        channel: id,
        section,
        title,
        configured: settings !== undefined,
        ...(worked === undefined ? {} : { lastWorked: worked.at }),
        ...(last === undefined ? {} : { lastTest: { at: last.at, ok: last.ok, detail: last.detail } }),
      };
    }),
  );
}

export interface TestRequest {
  /** Ids of channels. All where it is empty. */
  readonly only: readonly string[];
  readonly by: string;
  readonly now: Date;
}

/** Sends `[TEST]` to each configured channel, and keeps what came of it. */
export async function testChannels(
  site: Pick<Site, 'plan' | 'environment' | 'secrets'>,
  records: Records,
  { only, by, now }: TestRequest,
): Promise<(DeliveryResult & { readonly section: ChannelTest['section'] })[]> {
  const title = `[TEST] go-coffee-dr of ${site.environment.name}: can you read this?`;
  const text = `${title}\n\nThis is a test of the channels of an incident by ${by}. Nothing has happened, and nothing is to be done.\n`;
  const wanted = SECTIONS.flatMap((section) =>
    sectionChannels(site, section)
      .filter(({ id }) => only.length === 0 || only.includes(id))
      .map((channel) => ({ section, channel })),
  );
  const results = await Promise.all(
    wanted.map(async ({ section, channel }) => {
      const message = {
        id: `test-${now.getTime()}`,
        incident: `test-${now.getTime()}`,
        environment: site.environment.name,
        template: 'test' as const,
        title,
        text,
        severity: 'P4',
        // A page that shows it shows it as over.
        status: 'Resolved',
        at: now,
        remote: undefined,
      };
      const { remote: _, ...result } = await tryChannel(channel, message, site.secrets);
      return { ...result, section };
    }),
  );
  for (const { channel, section, state, fact } of results) {
    if (state === 'by-hand') continue;
    const event = { type: 'channel-test', channel, section, ok: state === 'delivered', detail: fact } as const;
    await records.append({ log: LOG, at: now, now, by, event });
  }
  return results;
}
