/** Who is told in an incident: the section `incident` of dr.yaml, with the secrets themselves in place of their files. Pure. */
import { z } from 'zod';
import { idSchema } from '../../plan/fields.ts';
import { incidentSchema as siteSchema } from '../../recovery/public.ts';

/** The fields of dr.yaml that name a secret, by type. */
const SECRETS = {
  slack: ['webhook'],
  email: ['password'],
  statuspage: ['token'],
  webhook: ['url', 'secret'],
  pagerduty: ['routingKey'],
} as const;
type Type = keyof typeof SECRETS;

const SECTIONS = ['channels', 'testChannels'] as const;
const HTTPS = 443;
/** In the pod that sends messages. */
export const CHANNELS_FOLDER = '/run/go-coffee-dr/channels';

const channel = z.looseObject({ type: z.enum(Object.keys(SECRETS) as [Type, ...Type[]]) });
type Given = Record<(typeof SECTIONS)[number], Record<string, z.infer<typeof channel>>>;

export interface IncidentChannels {
  /** As in dr.yaml: each secret is a file in the folder of the channels. */
  readonly section: z.infer<typeof siteSchema>;
  /** Name of the file → the secret. */
  readonly files: Readonly<Record<string, string>>;
}

function split(given: Given): { section: unknown; files: Record<string, string> } {
  const files: Record<string, string> = {};
  const sections = SECTIONS.map((section) => {
    const channels = Object.entries(given[section]).map(([id, { type, ...fields }]) => {
      const own = Object.entries(fields).map(([field, value]) => {
        if (!(SECRETS[type] as readonly string[]).includes(field) || typeof value !== 'string') return [field, value];
        const name = `${section}-${id}-${field}`;
        files[name] = value;
        return [field, { file: `${CHANNELS_FOLDER}/${name}` }];
      });
      return [id, { type, ...Object.fromEntries(own) }];
    });
    return [section, Object.fromEntries(channels)];
  });
  return { section: Object.fromEntries(sections), files };
}

const channels = z.record(idSchema, channel).default({});

/** The config's key `incident`. Refuses what dr.yaml would refuse. */
export const incidentSchema = z.strictObject({ channels, testChannels: channels }).superRefine((given, context) => {
  const { error } = siteSchema.safeParse(split(given).section);
  for (const { path, message } of error?.issues ?? []) context.addIssue({ code: 'custom', path, message });
});

export function incidentChannels(given: z.infer<typeof incidentSchema>): IncidentChannels {
  const { section, files } = split(given);
  return { section: siteSchema.parse(section), files };
}

/** Ports that the channels are reached on, besides that of HTTPS. */
export function channelPorts({ section }: Pick<IncidentChannels, 'section'>): number[] {
  const ports = SECTIONS.flatMap((name) =>
    Object.values(section[name]).flatMap((each) => {
      if (each.type === 'email') return [each.port];
      return 'api' in each ? [Number(new URL(each.api).port || HTTPS)] : [];
    }),
  );
  return [...new Set(ports)].filter((port) => port !== HTTPS).sort((a, b) => a - b);
}
