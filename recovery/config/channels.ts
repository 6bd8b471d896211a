/** How people are told in an incident: the section `incident` of dr.yaml. It names secrets and never holds one. */
import { z } from 'zod';
import { absolute, nameSchema, secretRefSchema } from '../core/fields.ts';

/** A webhook's address and tokens go over it. Plain HTTP only to this host. */
const httpsUrl = z.url().refine(
  (text) => {
    const { protocol, hostname } = new URL(text);
    return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
  },
  { message: 'must be an https URL' },
);

const address = z.string().regex(/^[^\s@<>"]+@[^\s@<>"]+$/, { message: 'must be an e-mail address' });

/** One attempt is ended after that; there are three. @default 10 */
const timeoutSeconds = z.number().positive().max(60).default(10);

/** An incoming webhook. Its URL is a secret: whoever has it can write. */
const slack = z.strictObject({ type: z.literal('slack'), webhook: secretRefSchema, timeoutSeconds });

const email = z.strictObject({
  type: z.literal('email'),
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535).default(587),
  /** `none` for a server on this host. @default 'starttls' */
  tls: z.enum(['starttls', 'tls', 'none']).default('starttls'),
  /** Authority of the server's certificate, where the system does not know it. */
  ca: absolute.optional(),
  user: z.string().min(1).optional(),
  password: secretRefSchema.optional(),
  from: address,
  /** @default the address that the plan's channel of this name has */
  to: z.array(address).min(1).optional(),
  timeoutSeconds,
});

/** Statuspage's API: one incident there for each one here. */
const statuspage = z.strictObject({
  type: z.literal('statuspage'),
  page: z.string().regex(/^[A-Za-z0-9]+$/),
  token: secretRefSchema,
  api: httpsUrl.default('https://api.statuspage.io'),
  timeoutSeconds,
});

/** JSON with `X-Go-Coffee-Signature: t=<Unix time>,v1=<HMAC-SHA256 of "<t>.<body>" in hex>`. */
const webhook = z.strictObject({
  type: z.literal('webhook'),
  url: secretRefSchema,
  secret: secretRefSchema,
  timeoutSeconds,
});

/** PagerDuty Events v2. */
const pagerduty = z.strictObject({
  type: z.literal('pagerduty'),
  routingKey: secretRefSchema,
  api: httpsUrl.default('https://events.pagerduty.com'),
  timeoutSeconds,
});

const channelSchema = z.discriminatedUnion('type', [slack, email, statuspage, webhook, pagerduty]);
export type ChannelSettings = z.infer<typeof channelSchema>;
export type ChannelOf<Type extends ChannelSettings['type']> = Extract<ChannelSettings, { type: Type }>;

const channelsSchema = z.record(nameSchema, channelSchema);

export const incidentSchema = z.strictObject({
  /**
   * By the kind of the plan's channel (`slack`, `email`, `status-page`, `support`, …); a name that the plan does not have is one more channel.
   * A channel of the plan without an entry is told by hand.
   */
  channels: channelsSchema.default({}),
  /** An exercise goes to these alone. */
  testChannels: channelsSchema.default({}),
});
