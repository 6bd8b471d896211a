/**
 * Conflicts between sentences of the written plan, and what was decided. `plan/checks/conflicts.ts` finds each conflict in the plan's
 * data: one without its decision is an error of the plan.
 */
import type { Decision } from '../procedure-types.ts';

export const decisions: Decision[] = [
  {
    id: 'rto-scope',
    tension:
      'RTOs are given for critical (4 h), non-critical (24 h) and full platform (8 h), and again for P1 to P4 (lines 36–38, 49–52)',
    settled: 'Critical is P1 and P2, full platform is P1 to P3, non-critical is P4',
    reason:
      'Only so does each tier keep its own RTO and that of its class; P3 with 8 h is neither critical nor non-critical',
  },
  {
    id: 'tier-rpo-is-for-data',
    tension: 'P1 has an RPO of 1 h, and configuration, which P1 needs to run, one of 24 h (lines 43, 49)',
    settled: "A tier's RPO is for its services' data; configuration has its own",
    reason: 'Configuration changes by deployments, which also stand in git; lost orders stand nowhere else',
  },
  {
    id: 'stricter-rpo',
    tension: 'Data has an RPO by its class and another by the tier of its services (lines 41–42, 49–52)',
    settled: 'The shorter of the two is the objective',
    reason: 'Both are promises, and keeping the shorter one keeps both',
  },
  {
    id: 'configuration-hourly',
    tension:
      'Configuration has an RPO of 24 h by daily backups: a day between two runs plus the run is more (lines 43, 60, 66)',
    settled: 'Configuration is captured by the hourly run too',
    reason: 'It is small and rarely changes, so a capture costs next to nothing',
  },
  {
    id: 'added-schedule',
    tension:
      'Redis is P1 with an RPO of 1 h, and backups run hourly: interval + run + copy is more than 1 h (lines 49, 63)',
    settled: 'Redis snapshots run every 15 minutes and wait for no other backup',
    reason:
      'An objective that a schedule can never meet is none; this is the only schedule that the plan does not have',
  },
  {
    id: 'hourly-meets-full',
    tension:
      'Runs start at the same minute: hourly and full at 02:00, configuration on Sundays at 03:00 (lines 60, 63, 66)',
    settled:
      'They take turns: the run that covers more goes first, the others wait and are skipped when it has covered them',
    reason: 'Two runs at once fight over the same engines, and a second copy of the same minute is worth nothing',
  },
  {
    id: 'daily-dump',
    tension: 'The database has an RPO of 1 h by continuous replication, and daily dumps (lines 41, 72)',
    settled: 'The RPO rests on backup sets and WAL; the daily logical dump is a second form of the same data',
    reason: 'It serves another major version, a single table, and the day when the physical chain is in doubt',
  },
  {
    id: 'storage-names',
    tension:
      'The plan calls local "primary", S3 "secondary", offsite "tertiary", and the S3 regions "primary" and "secondary" again (lines 97–109)',
    settled: 'Repositories are named local, primary (us-east-1), secondary (eu-west-1) and offsite',
    reason: 'At 3 a.m. a name must mean one place: regions keep their words, the other places say what they are',
  },
  {
    id: 'bucket-names',
    tension: 'One bucket is named for two regions (lines 104–105), and a bucket lives in one region',
    settled: 'The second one is go-coffee-backups-eu-west-1; both names can be overridden',
    reason: 'Names of buckets are global, so two regions need two names',
  },
  {
    id: 'compression',
    tension: 'Local storage is compressed by gzip, S3 and offsite say nothing (line 101)',
    settled: 'gzip for PostgreSQL on local, zstd elsewhere; WAL has one type for all repositories',
    reason: 'zstd is faster and smaller; restic knows no other, so files are zstd on local too',
  },
  {
    id: 'glacier-instant',
    tension: 'S3 moves to IA/Glacier (line 107), and Glacier takes up to 12 h to read where the RTO is 2 h',
    settled: 'Glacier is Glacier Instant Retrieval',
    reason: 'It is read in milliseconds; a colder class can take longer to thaw than any RTO of P1 to P3',
  },
  {
    id: 'offsite-rpo',
    tension: 'Offsite is written weekly (line 111), and no RPO is longer than 24 h',
    settled:
      'RPOs are kept by local, primary and secondary; recovery from offsite loses up to the age of its last copy',
    reason: 'It is for the day when all others are gone; the loss is stated before a restore starts',
  },
];
