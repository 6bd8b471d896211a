/** Each channel against a real server on this host: what it gets, and what it does when that server hangs, refuses or is busy. */
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { incidentSchema } from '../../../recovery/config/channels.ts';
import { openSecrets } from '../../../recovery/core/secrets.ts';
import { send } from '../../../recovery/incident/channels/send.ts';
import type { OutgoingMessage } from '../../../recovery/incident/channels/types.ts';
import { scratch } from '../../scratch.ts';
import { type Got, http, smtp } from './doubles.ts';

const MESSAGE: OutgoingMessage = {
  id: 'm1',
  incident: 'inc-20261123T020000Z-7f3a',
  environment: 'production',
  template: 'initial',
  title: 'INCIDENT ALERT - Go Coffee Platform',
  text: 'INCIDENT ALERT - Go Coffee Platform\n\nImpact: <!channel> *bold* <b>x</b> & [link](http://x)\n',
  severity: 'P1',
  status: 'Investigating',
  at: new Date('2026-11-23T02:00:00Z'),
  remote: undefined,
};

type Raw = Record<string, unknown>;

async function to(settings: Raw, secrets: Record<string, string> = {}, message = MESSAGE) {
  const folder = await scratch();
  const refs: Raw = {};
  for (const [name, value] of Object.entries(secrets)) {
    await writeFile(join(folder, name), value, { mode: 0o600 });
    refs[name] = { file: join(folder, name) };
  }
  const parsed = incidentSchema.parse({ channels: { it: { ...settings, ...refs } } }).channels.it;
  const channel = {
    id: 'it',
    title: 'It',
    address: 'team@example.com',
    settings: parsed,
    where: 'incident.channels.it',
  };
  return send(channel, message, openSecrets());
}

test('slack: blocks of plain text, in which no markup counts; the notification is escaped', async () => {
  const { url, got } = await http({ status: 200 });
  expect(await to({ type: 'slack' }, { webhook: `${url}/services/T0/B0/x` })).toEqual({ attempts: 1 });
  const body = JSON.parse(got[0]?.body ?? '');
  expect(body).toMatchObject({ mrkdwn: false, blocks: [{ text: { type: 'plain_text', emoji: false } }] });
  expect(body.blocks[0].text.text).toContain('<!channel> *bold* <b>x</b> & [link](http://x)');
  const title = 'Hello <!channel> & all';
  await to({ type: 'slack' }, { webhook: url }, { ...MESSAGE, title });
  expect(JSON.parse(got[1]?.body ?? '').text).toBe('Hello &lt;!channel&gt; &amp; all');
});

test('status page: the first message makes its incident, the next ones change it', async () => {
  const { url, got } = await http({ status: 201, body: '{"id":"abc123"}' });
  const settings = { type: 'statuspage', page: 'p1', api: url };
  expect(await to(settings, { token: 'tok' })).toEqual({ attempts: 1, remote: 'abc123' });
  const later = { ...MESSAGE, template: 'resolved' as const, status: 'Resolved', remote: 'abc123' };
  await to(settings, { token: 'tok' }, later);
  expect(got.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v1/pages/p1/incidents',
    'PATCH /v1/pages/p1/incidents/abc123',
  ]);
  expect(got[0]?.headers.authorization).toBe('OAuth tok');
  const { incident } = JSON.parse(got[0]?.body ?? '');
  expect(incident).toMatchObject({ status: 'investigating', impact_override: 'critical' });
  expect(incident.body).toContain('&lt;!channel&gt; *bold* &lt;b&gt;x&lt;/b&gt; &amp;');
});

test('webhook: the body is signed with the moment', async () => {
  const { url, got } = await http({ status: 204, body: '' });
  await to({ type: 'webhook' }, { url: `${url}/hook`, secret: 'shared' });
  const { headers, body } = got[0] as Got;
  const time = MESSAGE.at.getTime() / 1000;
  const right = createHmac('sha256', 'shared').update(`${time}.${body}`).digest('hex');
  expect(headers['x-go-coffee-signature']).toBe(`t=${time},v1=${right}`);
  expect(JSON.parse(body)).toMatchObject({ kind: 'IncidentMessage', id: 'm1', severity: 'P1' });
});

test('pager: the incident’s id is the key, and the last message resolves it', async () => {
  const { url, got } = await http({ status: 202 });
  const settings = { type: 'pagerduty', api: url };
  await to(settings, { routingKey: 'R0' });
  await to(settings, { routingKey: 'R0' }, { ...MESSAGE, template: 'resolved' });
  const bodies = got.map(({ body }) => JSON.parse(body));
  expect(bodies).toMatchObject([
    { routing_key: 'R0', event_action: 'trigger', dedup_key: MESSAGE.incident, payload: { severity: 'critical' } },
    { event_action: 'resolve', dedup_key: MESSAGE.incident },
  ]);
});

test('busy: 429 with Retry-After is waited for, 500 is tried again; a long wait is not', async () => {
  const busy = await http({ status: 429, headers: { 'retry-after': '1' } }, { status: 500 }, { status: 200 });
  const began = performance.now();
  expect(await to({ type: 'slack' }, { webhook: busy.url })).toEqual({ attempts: 3 });
  expect(performance.now() - began).toBeGreaterThan(1000);
  const closed = await http({ status: 429, headers: { 'retry-after': '600' } });
  await expect(to({ type: 'slack' }, { webhook: closed.url })).rejects.toMatchObject({
    code: 'CHANNEL-FAILED',
    fact: expect.stringContaining('asked to wait 600 s'),
  });
});

test('a wrong token is not tried again, and no secret is in the error', async () => {
  const denied = await http({ status: 401, body: 'bad token tok-secret' });
  await expect(to({ type: 'statuspage', page: 'p1', api: denied.url }, { token: 'tok-secret' })).rejects.toMatchObject({
    code: 'CHANNEL-FAILED',
    fact: 'HTTP 401 Unauthorized: bad token *** (1 attempt)',
  });
  expect(denied.got).toHaveLength(1);
});

test('a server that hangs, one that is not there, and one that redirects: each ends in time', async () => {
  const hanging = await http();
  const began = performance.now();
  await expect(to({ type: 'slack', timeoutSeconds: 0.2 }, { webhook: hanging.url })).rejects.toMatchObject({
    fact: 'no answer in time (3 attempts)',
  });
  expect(performance.now() - began).toBeLessThan(20_000);
  const closed = createTcp();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  await expect(to({ type: 'slack' }, { webhook: `http://127.0.0.1:${port}/x` })).rejects.toMatchObject({
    code: 'CHANNEL-FAILED',
    fact: expect.stringContaining('ECONNREFUSED'),
  });
  const elsewhere = await http({ status: 302, headers: { location: 'http://127.0.0.1:9/' } });
  await expect(to({ type: 'slack' }, { webhook: elsewhere.url })).rejects.toMatchObject({ code: 'CHANNEL-FAILED' });
});

test('a secret URL that is not https is refused and not shown', async () => {
  await expect(to({ type: 'slack' }, { webhook: 'http://example.com/services/secret' })).rejects.toMatchObject({
    code: 'CHANNEL-URL',
    exit: 2,
    message: expect.not.stringContaining('secret/'),
  });
});

const MAIL = { type: 'email', host: '127.0.0.1', from: 'dr@example.com' };

test('mail: over STARTTLS is required by default; plain text and escaped HTML, to the plan’s address', async () => {
  const { port, mails } = await smtp();
  await expect(to({ ...MAIL, port })).rejects.toMatchObject({ code: 'CHANNEL-FAILED' });
  expect(await to({ ...MAIL, port, tls: 'none' })).toEqual({ attempts: 1 });
  const [{ to: receivers, raw } = { to: [], raw: '' }] = mails;
  expect(receivers).toEqual(['team@example.com']);
  expect(raw).toContain('Subject: INCIDENT ALERT - Go Coffee Platform');
  expect(raw).toContain(`Message-ID: <m1@${MESSAGE.incident}.production>`);
  expect(raw.replaceAll('=\r\n', '')).toContain('&lt;b&gt;x&lt;/b&gt;');
});

test('mail: a title can’t add a header', async () => {
  const { port, mails } = await smtp();
  await to({ ...MAIL, port, tls: 'none' }, {}, { ...MESSAGE, title: 'Hello\r\nBcc: eve@example.com' });
  expect(mails[0]?.to).toEqual(['team@example.com']);
  expect(mails[0]?.raw).not.toMatch(/^Bcc:/m);
});

test('mail: a wrong password is not tried again and not shown; a server that hangs ends in time', async () => {
  const { port } = await smtp({ password: 'right' });
  const settings = { ...MAIL, port, tls: 'none', user: 'dr' };
  expect(await to(settings, { password: 'right' })).toEqual({ attempts: 1 });
  const wrong = to(settings, { password: 'wrong-pass' });
  await expect(wrong).rejects.toMatchObject({ fact: expect.stringMatching(/\(1 attempt\)$/) });
  await expect(wrong).rejects.toMatchObject({ message: expect.not.stringContaining('wrong-pass') });
  const hanging = createTcp();
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void hanging.close());
  const silent = { ...MAIL, port: (hanging.address() as AddressInfo).port, tls: 'none', timeoutSeconds: 0.2 };
  const began = performance.now();
  await expect(to(silent)).rejects.toMatchObject({ code: 'CHANNEL-FAILED' });
  expect(performance.now() - began).toBeLessThan(20_000);
});
