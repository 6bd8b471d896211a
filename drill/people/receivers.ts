/** Whom a drill's incident tells: a Slack, a status page and a mail server on this host. Each refuses who has not its secret. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import type { ChannelSettings } from '../../recovery/config/channels.ts';
import { makeSecretFolder, randomSecret, writeSecret } from '../host/secret-files.ts';

export interface Received {
  readonly channel: 'slack' | 'status-page' | 'email';
  /** `POST /v1/pages/drill/incidents`, or the address of a mail. */
  readonly to: string;
  /** As it came over the line. */
  readonly body: string;
}

export interface Receivers {
  /** `incident.testChannels` of a site's dr.yaml. */
  readonly channels: Readonly<Record<string, ChannelSettings>>;
  readonly received: readonly Received[];
  /** What no message may hold. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

const ADDRESS = 'incident-team@go-coffee.example';

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Keeps what is allowed in, and answers 401 to the rest. */
function httpServer(
  channel: 'slack' | 'status-page',
  received: Received[],
  isAllowed: (request: IncomingMessage) => boolean,
): Server {
  return createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (!isAllowed(request)) {
      response.writeHead(401).end();
      return;
    }
    received.push({ channel, to: `${request.method} ${request.url}`, body });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"drill-1"}');
  });
}

function mailServer(received: Received[], password: string): SMTPServer {
  return new SMTPServer({
    // To this host alone.
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: (login, _, done) =>
      login.password === password ? done(null, { user: 'drill' }) : done(new Error('the password is wrong')),
    onData(stream, { envelope }, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address).join(', ');
        received.push({ channel: 'email', to, body: Buffer.concat(parts).toString() });
        done();
      });
    },
  });
}

export async function startReceivers(folder: string, runAs: string | undefined): Promise<Receivers> {
  const received: Received[] = [];
  await makeSecretFolder(folder, runAs);
  const [path, token, password] = [randomSecret(), randomSecret(), randomSecret()];
  const slack = httpServer('slack', received, ({ url }) => url === `/services/${path}`);
  const page = httpServer('status-page', received, ({ headers }) => headers.authorization === `OAuth ${token}`);
  const mail = mailServer(received, password);
  const webhook = `${await listening(slack)}/services/${path}`;
  const api = await listening(page);
  mail.listen(0, '127.0.0.1');
  await once(mail.server, 'listening');
  const secret = (name: string, value: string) => writeSecret(join(folder, name), value, runAs);
  const timeoutSeconds = 10;
  return {
    received,
    secrets: [path, token, password],
    channels: {
      slack: { type: 'slack', webhook: await secret('slack', webhook), timeoutSeconds },
      'status-page': { type: 'statuspage', page: 'drill', token: await secret('token', token), api, timeoutSeconds },
      email: {
        type: 'email',
        host: '127.0.0.1',
        port: (mail.server.address() as AddressInfo).port,
        tls: 'none',
        user: 'drill',
        password: await secret('mail', password),
        from: 'dr@go-coffee.example',
        to: [ADDRESS],
        timeoutSeconds,
      },
    },
    async close() {
      for (const server of [slack, page]) {
        server.closeAllConnections();
        server.close();
      }
      await new Promise<void>((resolve) => mail.close(() => resolve()));
    },
  };
}
