/** Serves `/metrics` and `/healthz` by HTTP. On loopback by default: the answers name what is protected and what is not. */
import { createServer, type ServerResponse } from 'node:http';
import { formatDuration } from '../../../plan/duration.ts';
import { badInput, DrError } from '../../core/errors.ts';
import type { Exporter } from './exporter.ts';

export interface MetricsServer {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface ServerSettings {
  readonly exporter: Exporter;
  readonly address: string;
  /** 0: a free one. */
  readonly port: number;
  /** Without a refresh for this long `/healthz` answers 503. */
  readonly staleSeconds: number;
  now(): Date;
  /** The status page at `/`; throws what can't be answered (500). @default there is none */
  page?(now: Date): string | Promise<string>;
  /** The page of `/runbook`, made for each request. */
  readonly runbook?: () => Promise<string>;
}

/** Throws `LISTEN-FAILED` when the port is in use or the address does not belong to this machine. */
export async function serveMetrics(settings: ServerSettings): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    answer(settings, request.method ?? 'GET', path, response).catch((error: unknown) => {
      if (!response.headersSent) end(response, 500, `${String(error)}\n`);
      else response.destroy();
    });
  });
  // A client that never ends its request must not block the server.
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(settings, error)));
    server.listen(settings.port, settings.address, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the metrics server has no TCP address');
  return {
    address: bound.address,
    port: bound.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The page needs no script and nothing from elsewhere: a browser then takes none. */
const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
} as const;

async function answer(settings: ServerSettings, method: string, path: string, response: ServerResponse): Promise<void> {
  const { page, runbook } = settings;
  const isPage = path === '/' && page !== undefined;
  const isRunbook = path === '/runbook' && runbook !== undefined;
  if (!isPage && !isRunbook && path !== '/metrics' && path !== '/healthz') {
    const more = [...(page === undefined ? [] : ['/']), ...(runbook === undefined ? [] : ['/runbook'])];
    return end(response, 404, `look at ${[...more, '/metrics'].join(', ')} or /healthz\n`);
  }
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return end(response, 405, 'only GET\n');
  }
  const now = settings.now();
  if (isPage) {
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    return end(response, 200, await page(now));
  }
  if (isRunbook) {
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    return end(response, 200, await runbook());
  }
  if (path === '/metrics') {
    response.setHeader('Content-Type', settings.exporter.contentType);
    return end(response, 200, await settings.exporter.text(now));
  }
  const last = settings.exporter.last();
  if (last === undefined) return end(response, 503, 'no refresh has ended yet\n');
  const age = (now.getTime() - last.at.getTime()) / 1000;
  const text = `refreshed ${formatDuration(Math.max(0, age))} ago\n`;
  end(response, age <= settings.staleSeconds ? 200 : 503, text);
}

function end(response: ServerResponse, status: number, text: string): void {
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.writeHead(status).end(text);
}

function cannotListen({ address, port }: ServerSettings, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE') {
    return new DrError({
      code: 'LISTEN-FAILED',
      where: '--port',
      fact: `${address}:${port} is in use`,
      hint: 'another exporter may be running; choose another --port',
      cause: error,
    });
  }
  return badInput({
    code: 'LISTEN-FAILED',
    where: '--listen',
    fact: `can't listen on ${address}:${port} (${error.code ?? error.message})`,
    hint: 'give an address of this machine, e.g. 127.0.0.1 or 0.0.0.0',
    cause: error,
  });
}
