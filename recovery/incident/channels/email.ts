/** E-mail by SMTP: plain text, and the same as HTML. */
import { readFile } from 'node:fs/promises';
import nodemailer from 'nodemailer';
import pRetry, { AbortError } from 'p-retry';
import type { ChannelOf } from '../../config/channels.ts';
import { rethrowBug } from '../../core/as-dr-error.ts';
import { badInput, messageOf } from '../../core/errors.ts';
import { htmlOf } from '../messages/escape.ts';
import { channelFailed } from './call.ts';
import type { OutgoingMessage, SendPorts, Sent } from './types.ts';

const RETRIES = 2;

/** @param fallback receivers that the plan names */
export async function sendEmail(
  settings: ChannelOf<'email'>,
  message: OutgoingMessage,
  { secrets, where, fallback }: SendPorts & { readonly fallback: readonly string[] },
): Promise<Sent> {
  const { host, port, tls, user, password, from, timeoutSeconds } = settings;
  const to = settings.to ?? fallback;
  if (to.length === 0) {
    const hint = 'write `to`, or give the plan’s channel of this name an e-mail address';
    throw badInput({ code: 'CHANNEL-RECEIVER', where, fact: 'nobody would get the mail', hint });
  }
  const pass = password === undefined ? undefined : await secrets.read(password, `${where}.password`);
  const milliseconds = timeoutSeconds * 1000;
  const transport = nodemailer.createTransport({
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: settings.ca === undefined ? {} : { ca: await readFile(settings.ca) },
    ...(user === undefined || pass === undefined ? {} : { auth: { user, pass } }),
    connectionTimeout: milliseconds,
    greetingTimeout: milliseconds,
    socketTimeout: milliseconds,
    dnsTimeout: milliseconds,
    // A text never makes it read a file or fetch a page.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const mail = {
    from,
    to: [...to],
    subject: message.title,
    text: message.text,
    html: htmlOf(message.text),
    messageId: `<${message.id}@${message.incident}.${message.environment}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
  let attempts = 0;
  try {
    await pRetry(
      async () => {
        attempts += 1;
        await transport.sendMail(mail).catch((error: unknown) => {
          // A wrong password and a refused receiver stay wrong; 4xx is "later".
          if (isFinal(error)) throw new AbortError(error instanceof Error ? error : String(error));
          throw error;
        });
      },
      { retries: RETRIES, minTimeout: 500, maxTimeout: 2000 },
    );
    return { attempts };
  } catch (error) {
    rethrowBug(error);
    throw channelFailed(secrets.mask(messageOf(error)), attempts, error);
  } finally {
    transport.close();
  }
}

function isFinal(error: unknown): boolean {
  const code = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
  return code >= 500 || (error instanceof Error && 'code' in error && error.code === 'EAUTH');
}
