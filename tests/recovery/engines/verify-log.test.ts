/** What pgBackRest 2.45 and restic 0.14 really print, taken from runs on damaged copies. */
import { describe, expect, test } from 'vitest';
import { readVerifyLog } from '../../../recovery/engines/pgbackrest/verify.ts';
import { CheckReader } from '../../../recovery/engines/restic/check.ts';
import { readFound } from '../../../recovery/engines/restic/loss.ts';

function results(full: string, incremental = full): string {
  return `stanza: go-coffee
status: error
  archiveId: 15-1, total WAL checked: 9, total valid WAL: 9
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261123-234702F, status: ${full}, total files checked: 1319, total valid files: 1318
    missing: 0, checksum invalid: 1, size invalid: 0, other: 0
  backup: 20261123-234702F_20261123-234713I, status: ${incremental}, total files checked: 1319, total valid files: 1319
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
`;
}

describe('pgbackrest verify', () => {
  test('all is well', () => {
    const result = readVerifyLog(results('valid'));
    expect(result).toMatchObject({ files: [], stopped: [], wal: 9 });
    expect(result.sets.map(({ set, status, files }) => [set, status, files])).toEqual([
      ['20261123-234702F', 'valid', 1319],
      ['20261123-234702F_20261123-234713I', 'valid', 1319],
    ]);
  });

  test('a flipped byte in a bundle, a missing file, a damaged WAL segment', () => {
    const log = `2026-11-23 23:48:18.406 P01   INFO: invalid checksum '20261123-234702F/pg_data/base/4/2691.gz'
2026-11-23 23:48:22.139 P01   INFO: file missing '20261123-234702F_20261123-234713I/pg_data/backup_label.gz'
2026-11-23 23:48:47.014 P02   INFO: invalid result 15-1/0000000100000000/000000010000000000000005-586cefb5f06129630eb9b326f3a17f7062e89c28.zst: [29] raised from local-2 protocol: zst error: [-20] Data corruption detected
                                    [FormatError] on retry after 0ms
2026-11-23 23:48:18.527 P00   INFO: stanza: go-coffee
                                    status: error
${results('invalid')}`;
    expect(readVerifyLog(log).files).toEqual([
      { set: '20261123-234702F', file: 'pg_data/base/4/2691.gz', fact: 'invalid checksum' },
      { set: '20261123-234702F_20261123-234713I', file: 'pg_data/backup_label.gz', fact: 'file missing' },
      {
        set: '',
        file: '15-1/0000000100000000/000000010000000000000005-586cefb5f06129630eb9b326f3a17f7062e89c28.zst',
        segment: '000000010000000000000005',
        fact: 'invalid result ([29] raised from local-2 protocol: zst error: [-20] Data corruption detected)',
      },
    ]);
  });

  test('a set without manifest, which pgBackRest calls ok as a whole', () => {
    const { sets, files } = readVerifyLog(results('manifest missing', 'valid'));
    expect(files).toEqual([]);
    expect(sets[0]).toMatchObject({ set: '20261123-234702F', status: 'manifest missing' });
  });

  test('nothing to verify by', () => {
    const log = `2026-11-23 23:49:34.748 P00   INFO: stanza: go-coffee
                                    status: error
                                      No usable backup.info file
stanza: go-coffee
status: error
  No usable backup.info file
`;
    expect(readVerifyLog(log)).toEqual({ files: [], sets: [], wal: 0, stopped: ['No usable backup.info file'] });
  });
});

const PACK = 'd5fa090188c1d4aa5b0ef055428f52ba9508b634cee2e498098dcc84dc53c682';

function read(...lines: string[]) {
  const reader = new CheckReader();
  const again = lines.map((line) => reader.line(line));
  return { ...reader.result({ complete: true }), again };
}

describe('restic check', () => {
  test('all is well, with packs that no index knows', () => {
    const { packs, trees, others } = read(
      'load indexes',
      'check all packs',
      `pack ${PACK}: not referenced in any index`,
      '[0:00] 100.00%  27 / 27 snapshots',
      'no errors were found',
    );
    expect({ packs, trees, others }).toEqual({ packs: [], trees: [], others: [] });
  });

  test('a missing pack, which restic begins to ask for', () => {
    const { packs, again } = read(
      `pack ${PACK}: does not exist`,
      'Load(<data/ccb072f17c>, 247, 0) returned error, retrying after 552ms: connection reset',
      'Load(<data/d5fa090188>, 26526, 0) returned error, retrying after 552ms: open …: no such file or directory',
    );
    expect(packs).toEqual([{ pack: PACK, fact: 'does not exist' }]);
    expect(again).toEqual([false, false, true]);
  });

  test.each([
    [`pack ${PACK}: unexpected file size: got 100, expected 26526`, 'unexpected file size: got 100, expected 26526'],
    [`Pack ID does not match, want ${PACK}, got 9b1e31d813`, 'its content does not match its name'],
    [`pack ${PACK} contains 1 errors: [blob 4 damaged]`, 'contains 1 errors: [blob 4 damaged]'],
  ])('%s', (line, fact) => {
    expect(read(line).packs).toEqual([{ pack: PACK, fact }]);
  });

  test('a folder that can’t be read, by its whole id', () => {
    const tree = `aaed1512${'0'.repeat(56)}`;
    expect(
      read(
        'error for tree aaed1512:',
        `  decrypting blob ${tree} failed: ciphertext verification failed`,
        'error for tree c699ffea:',
        'Fatal: repository contains errors',
      ).trees,
    ).toEqual([tree, 'c699ffea']);
  });

  test('index and snapshot files', () => {
    const { others } = read(
      'error: error loading index 001983ed: load <index/001983ed9a>: invalid data returned',
      'error: load <snapshot/06f1fa90d6>: invalid data returned',
      'Fatal: LoadIndex returned errors',
    );
    expect(others).toHaveLength(2);
  });
});

test('restic find: files and folders by snapshot', () => {
  const text = `Found blob a46cc9e389abdd2aab266449a6dd5a2a037bfc2cf50e6cd415cbddb48ed3a6fc
 ... in file /srv/redis/dump.rdb
     (tree 8f3b1cc0959e6f4f3bcaf06260bb41bd023c4d71e2ffa4dcf4f91366c1afa44d)
 ... in snapshot d032e1ee (2026-11-23 23:47:09)
Unable to load tree 8d93d8f654387888584bd89159e04bf06c7575972c551cc6444a695d241add76
 ... which belongs to snapshot ce785abbb1650eb3762b780ded21b39538f573abd7e863330bc30dae4c5164d9
Found tree 0d3396330c4f04fa871f7ea7b3c68e90d652b413f035383e8149a6fbde24fedd
 ... path /srv/uploads/05
 ... in snapshot ce785abb (2026-11-23 23:46:58)
`;
  expect(readFound(text)).toEqual(
    new Map([
      ['d032e1ee', new Set(['/srv/redis/dump.rdb'])],
      ['ce785abb', new Set(['/srv/uploads/05/'])],
    ]),
  );
});
