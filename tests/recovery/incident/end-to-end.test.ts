/**
 * A disaster of a small site, by the commands that a person types: declared, told to a mail server, a Slack and a status page double, restored
 * with restic, resolved, written up. The timeline is what happened, and nobody has typed it.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withSmallSite } from '../../faults/small-site.ts';
import { http, smtp } from './doubles.ts';

async function secret(folder: string, name: string, value: string): Promise<{ file: string }> {
  const file = join(folder, name);
  await writeFile(file, value, { mode: 0o600 });
  return { file };
}

test('declare, restore, resolve, post-mortem', async () => {
  const slack = await http({ status: 200 });
  const page = await http({ status: 201, body: '{"id":"p-1"}' });
  const dead = await http({ status: 500 });
  const mail = await smtp();
  let folder = '';
  await withSmallSite(
    {
      workloads: ['uploads'],
      edit: (environment, { paths }) => {
        folder = paths.root;
        const ref = (name: string) => ({ file: join(folder, name) });
        const channels = {
          slack: { type: 'slack', webhook: ref('slack-url'), timeoutSeconds: 5 },
          email: {
            type: 'email',
            host: '127.0.0.1',
            port: mail.port,
            tls: 'none',
            from: 'dr@example.com',
            timeoutSeconds: 5,
          },
          'status-page': { type: 'statuspage', page: 'p1', token: ref('page-token'), api: page.url, timeoutSeconds: 5 },
          pager: { type: 'pagerduty', routingKey: ref('pager-key'), api: dead.url, timeoutSeconds: 5 },
        } as const;
        return { ...environment, incident: { channels, testChannels: {} } };
      },
    },
    async (site) => {
      await secret(folder, 'slack-url', `${slack.url}/services/secret-path`);
      await secret(folder, 'page-token', 'page-token-1');
      await secret(folder, 'pager-key', 'pager-key-1');
      const uploads = site.paths.folder('uploads');
      await mkdir(uploads, { recursive: true });
      await writeFile(join(uploads, 'one'), 'first');
      await site.dr(0, 'backup', '--kind', 'full');
      await rm(uploads, { recursive: true });

      // Nobody said what users notice: nothing is declared, nothing is sent.
      expect(await site.dr(2, 'incident', 'declare', '--scenario', 'human-error')).toContain('--impact');
      expect(await site.dr(2, 'incident', 'declare', '--scenario', 'human-eror', '--impact', 'x')).toContain(
        '"human-error"',
      );
      expect(await site.dr(2, 'incident', 'status')).toContain('INCIDENT-NONE');
      expect(slack.got).toHaveLength(0);

      const impact = 'Uploads of <b>all</b> users are missing [see this]';
      const said = await site.dr(3, 'incident', 'declare', '--scenario', 'human-error', '--impact', impact);
      // The worst tier that is down, as it was found.
      expect(said).toMatch(/declared inc-\S+: human-error, P\d\n.*uploads is missing/);
      expect(said).toMatch(/pager .*failed/);
      expect(said).toContain('dr incident delivered phone');
      const id = /inc-\S+(?=:)/.exec(said)?.[0] ?? '';
      const first = JSON.parse(slack.got[0]?.body ?? '').blocks[0].text.text as string;
      expect(first).toContain('INCIDENT ALERT - Go Coffee Platform');
      expect(first).toContain(`Impact: ${impact}`);
      expect(first).not.toContain('[Description of user impact]');
      expect(mail.mails[0]?.to).toEqual(['incident-team@go-coffee.com']);
      expect(page.got[0]?.body).toContain('&lt;b&gt;all&lt;/b&gt;');

      await site.dr(0, 'incident', 'delivered', 'phone', '--by', 'Product Manager');
      await site.dr(0, 'incident', 'assign', 'incident commander');
      expect(await site.dr(2, 'incident', 'assign', 'Comunications')).toContain('"Communications"');
      await site.dr(0, 'assess');
      await site.dr(0, 'restore', '--to', 'latest', '--no-backup', '--confirm', 'drill');
      expect(await readFile(join(uploads, 'one'), 'utf8')).toBe('first');
      await site.dr(3, 'incident', 'update', '--status', 'Monitoring', '--text', 'Uploads are back');
      const update = JSON.parse(slack.got[1]?.body ?? '').blocks[0].text.text as string;
      expect(update).toMatch(/INCIDENT UPDATE - Go Coffee Platform[\s\S]*Back and verified: P\d/);
      const status = await site.dr(0, 'incident', 'status');
      expect(status).toMatch(/P\d\s.*back after/);
      expect(status).toContain('Lead DevOps');

      await site.dr(3, 'incident', 'resolve', '--root-cause', 'A script removed the folder', '--by', 'CTO');
      expect(JSON.parse(slack.got[2]?.body ?? '').blocks[0].text.text).toContain(
        'Root cause: A script removed the folder',
      );
      expect(page.got.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'POST /v1/pages/p1/incidents',
        'PATCH /v1/pages/p1/incidents/p-1',
        'PATCH /v1/pages/p1/incidents/p-1',
      ]);
      expect(await site.dr(2, 'incident', 'update', '--incident', id, '--text', 'x')).toContain('INCIDENT-CLOSED');
      expect(await site.dr(0, 'incident', 'follow-ups', '--format', 'csv')).toContain('"Root cause analysis"');

      expect(await site.dr(3, 'incident', 'post-mortem', id, '--check')).toContain('--summary, --lessons, --action');
      const out = join(folder, 'post-mortem.md');
      const answers = [
        '--summary',
        'One folder was lost.',
        '--lessons',
        'Use *quotas*',
        '--action',
        'Guard the script; CTO; 2030-01-31',
      ];
      await site.dr(0, 'incident', 'post-mortem', id, '--out', out, ...answers);
      const text = await readFile(out, 'utf8');
      const at = (part: string | RegExp): number => text.search(part);
      const order = [
        /Declared: human-error/,
        /dr assess[^\n]* began/,
        /dr restore[^\n]* began/,
        /Tier P\d is back/,
        /Resolved: /,
      ];
      expect(order.map(at)).toEqual(order.map(at).sort((a, b) => a - b));
      expect(at(order[0] as RegExp)).toBeGreaterThan(0);
      expect(text).toContain('Product Manager passed the initial message on to phone');
      expect(text).toContain('Use \\*quotas\\*');
      expect(text).toContain('- [ ] Guard the script, CTO, due 2030-01-31');
      expect(text).toMatch(/## Data Lost\n\n- uploads: data up to/);
      const everything = [text, said, ...slack.got.map(({ body }) => body), ...mail.mails.map(({ raw }) => raw)].join(
        '\n',
      );
      for (const hidden of ['secret-path', 'page-token-1', 'pager-key-1']) expect(everything).not.toContain(hidden);
    },
  );
});
