/** The exporter beside a real, backed-up site. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../../../recovery/config/site.ts';
import { makeExporter } from '../../../../recovery/status/monitor/exporter.ts';
import { beat } from '../../../../recovery/status/monitor/heartbeat.ts';
import { makeObserver } from '../../../../recovery/status/monitor/observe.ts';
import { ping, readPingUrl } from '../../../../recovery/status/monitor/ping.ts';
import { METRICS } from '../../../../recovery/status/monitor/samples.ts';
import { serveMetrics } from '../../../../recovery/status/monitor/server.ts';
import { dr, MAIN } from '../../../cli/run-dr.ts';
import { withGolden } from '../../../faults/golden.ts';

const promtool = ((): boolean => {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

function sampleOf(text: string, line: string): number {
  const found = text.split('\n').find((each) => each.startsWith(`${line} `));
  if (found === undefined) throw new Error(`no ${line} in\n${text}`);
  return Number(found.slice(line.length + 1).replace('Inf', 'Infinity'));
}

test('metrics of a running site, of one whose repository went away, and of one without a server', async () => {
  await withGolden(async ({ startSource, repositories, facts }) => {
    const platform = await startSource();
    const site = await openSite(platform.envFile);
    const exporter = makeExporter(site);
    const observer = makeObserver(site, 30);
    const settings = { exporter, address: '127.0.0.1', port: 0, staleSeconds: 60 };
    let clock = new Date();
    const server = await serveMetrics({ ...settings, now: () => clock });
    const get = async (path: string, method = 'GET') => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
      return { status: response.status, text: await response.text() };
    };
    try {
      expect(await get('/healthz')).toMatchObject({ status: 503 });
      const first = await beat(site);
      const second = await beat(site);
      expect(second?.getTime()).toBeGreaterThan(first?.getTime() ?? Number.POSITIVE_INFINITY);

      exporter.update(await observer.observe(clock));
      const { status, text } = await get('/metrics');
      expect(status).toBe(200);
      const age = 'go_coffee_dr_last_point_age_seconds{workload="uploads",repository="secondary"}';
      const captured = Date.parse(facts.times.afterIncremental);
      expect(sampleOf(text, age)).toBeGreaterThan((clock.getTime() - captured) / 1000 - 1);
      expect(sampleOf(text, 'go_coffee_dr_wal_backlog_segments')).toBe(0);
      expect(sampleOf(text, 'go_coffee_dr_wal_lag_seconds')).toBeGreaterThanOrEqual(0);
      expect(sampleOf(text, 'go_coffee_dr_verification_age_seconds{repository="local"}')).toBe(
        Number.POSITIVE_INFINITY,
      );
      expect(sampleOf(text, 'go_coffee_dr_storage_used_ratio{volume="postgres"}')).toBeGreaterThan(0);
      if (promtool) execFileSync('promtool', ['check', 'metrics'], { input: text });
      for (const line of text.split('\n').filter((each) => each.startsWith('go_'))) {
        expect(Object.keys(METRICS)).toContain(line.replace(/[{ ].*$/, ''));
      }

      await rename(join(repositories, 'secondary'), join(repositories, 'unmounted'));
      clock = new Date(clock.getTime() + 10_000);
      exporter.update(await observer.observe(clock));
      clock = new Date(clock.getTime() + 30_000);
      const away = (await get('/metrics')).text;
      expect(sampleOf(away, 'go_coffee_dr_repository_reachable{repository="secondary"}')).toBe(0);
      expect(sampleOf(away, 'go_coffee_dr_repository_reachable{repository="local"}')).toBe(1);
      expect(sampleOf(away, age) - sampleOf(text, age)).toBeCloseTo(40, 3);
      expect(await get('/healthz')).toMatchObject({ status: 200, text: 'refreshed 30 s ago\n' });
      clock = new Date(clock.getTime() + 31_000);
      expect(await get('/healthz')).toMatchObject({ status: 503 });
      expect(await get('/')).toMatchObject({ status: 404 });
      expect(await get('/metrics', 'POST')).toMatchObject({ status: 405 });
      await expect(serveMetrics({ ...settings, port: server.port, now: () => clock })).rejects.toThrow(/is in use/);

      const once = await dr(['monitor', '--env', platform.envFile]);
      expect(once.exit).toBe(3);
      expect(once.stdout).toContain('go_coffee_dr_repository_reachable{repository="secondary"} 0');

      await platform.stop();
      const stopped = await makeObserver(site, 30).observe(new Date());
      // Nobody to ask but the repository: the last segment was archived after the incremental backup.
      expect(stopped.wal?.lastArchived?.getTime()).toBeGreaterThanOrEqual(Date.parse(facts.times.afterIncremental));
      expect(stopped.wal?.waiting).toBeUndefined();
    } finally {
      await server.close();
    }
  });
});

test('dr monitor --serve refreshes, pings, and ends well when it is stopped', async () => {
  await withGolden(async ({ emptySite, folder }) => {
    const { envFile } = await emptySite('watch', { workloads: ['uploads'] });
    let pings = 0;
    const taken: (() => void)[] = [];
    const receiver = createServer((_, response) => {
      pings += 1;
      response.end('ok');
      for (const resolve of taken.splice(0)) resolve();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    const file = join(folder, 'ping');
    await writeFile(file, `http://127.0.0.1:${port}/a-secret-path`, { mode: 0o600 });
    const flags = ['--serve', '--port', '0', '--interval', '1s', '--ping-url-file', file, '-v'];
    const child = spawn(process.execPath, [MAIN, 'monitor', '--env', envFile, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: '1' },
    });
    let said = '';
    const url = new Promise<string>((resolve) => {
      child.stderr.on('data', (part: Buffer) => {
        said += part;
        const found = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(said)?.[0];
        if (found !== undefined) resolve(found);
      });
    });
    try {
      const address = await url;
      while (pings < 2) await new Promise<void>((resolve) => taken.push(resolve));
      const text = await (await fetch(address)).text();
      expect(text).toContain('go_coffee_dr_repository_reachable{repository="local"} 1');
      expect(text).toMatch(/^go_coffee_dr_readiness 0$/m);
      expect(text).toMatch(/^go_coffee_dr_due_seconds\{kind="review",id="monthly"\} \d+/m);
      const page = await fetch(new URL('/', address));
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await page.text()).toContain('NOT READY');
      const book = await fetch(new URL('/runbook', address));
      expect(book.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(book.headers.get('content-security-policy')).toContain("default-src 'none'");
      const runbook = await book.text();
      for (const part of ['Who to call', 'CTO', envFile, 'dr restore --to latest']) expect(runbook).toContain(part);
      expect(await (await fetch(new URL('/nothing', address))).text()).toContain('/runbook');
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      expect((await ended)[0]).toBe(0);
      expect(said).not.toContain('a-secret-path');
    } finally {
      child.kill('SIGKILL');
      receiver.close();
    }
  });
});

test('bad input, one error each, before anything is asked', async () => {
  await withGolden(async ({ emptySite, folder }) => {
    const { envFile } = await emptySite('watch', { workloads: ['uploads'] });
    const refused = async (...args: string[]) => {
      const { exit, stderr } = await dr(['monitor', '--env', envFile, ...args]);
      expect(exit).toBe(2);
      return stderr;
    };
    expect(await refused('--interval', '60')).toContain('"60" has no unit');
    expect(await refused('--interval', '0.1s')).toContain('"0.1s" is shorter than 1 s');
    // A timer that long fires at once: it would ask everything without a pause.
    expect(await refused('--interval', '30d')).toContain('"30d" is longer than a day');
    expect(await refused('--listen', 'example.com')).toContain('"example.com" is not an IP address');
    expect(await refused('--port', '99999')).toContain('99999');
    expect(await refused('--ping-url-file', 'ping')).toContain('"ping" is a relative path');
    const site = await openSite(envFile);
    const file = join(folder, 'url');
    await writeFile(file, 'ftp://secret.example', { mode: 0o600 });
    await expect(readPingUrl(site, file)).rejects.toMatchObject({ code: 'PING-URL', exit: 2 });
    await expect(readPingUrl(site, file)).rejects.not.toThrow(/secret\.example/);
    expect(await ping(site, new URL('http://127.0.0.1:9'))).toBe(false);
  });
});
