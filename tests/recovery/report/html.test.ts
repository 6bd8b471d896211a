import { expect, test } from 'vitest';
import { renderHtml } from '../../../recovery/report/html.ts';
import { sampleReport } from './sample-report.ts';

test('the page loads nothing: no script, no link, no address in an attribute or a style', () => {
  const html = renderHtml(sampleReport());
  expect(html).not.toMatch(/<(script|link|iframe|img|object|embed)\b/i);
  expect(html).not.toMatch(/\b(?:src|href|action|xlink:href)\s*=/i);
  expect(html).not.toMatch(/https?:\/\/|url\(|@import/i);
});

test('text of the report is escaped, in the page and in the drawing', () => {
  const nasty = `<script>alert("x")</script>&'`;
  const html = renderHtml(
    sampleReport({
      title: nasty,
      scenario: nasty,
      timeline: [{ at: '2026-11-23T02:01:00.000Z', offsetSeconds: 0, tier: 'P1', event: nasty, detail: nasty }],
      losses: [{ what: nasty, expected: false, detail: nasty }],
      verification: [{ id: 'x', title: nasty, expected: nasty, actual: nasty, ok: false, evidence: nasty }],
    }),
  );
  expect(html).not.toContain('<script');
  expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(8);
});

test('it states objectives, measurements, losses and the data limit', () => {
  const html = renderHtml(sampleReport());
  for (const text of ['2 h', '41 s', '2 rows, 3 s', '70.0 GB', '10.3 MB/s', '1 of 1 check', 'AccessDenied', 'PASSED']) {
    expect(html).toContain(text);
  }
});

test('a tier without a measurement is shown as missed, not left out', () => {
  const [first, second] = sampleReport().tiers;
  const { readyAt: _, ...neverReady } = second ?? expect.unreachable();
  const tier = { ...neverReady, rto: { objectiveSeconds: 14_400, met: false } };
  const html = renderHtml(sampleReport({ passed: false, exit: 4, tiers: [first ?? expect.unreachable(), tier] }));
  expect(html).toContain('not measured');
  expect(html).toContain('objectives missed by P2');
  expect(html).toContain('FAILED');
});
