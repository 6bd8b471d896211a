/** Where repositories are, and what their storage does to them over time. */
import { exactDuration, seconds } from '../duration.ts';
import type { Plan, PlanRepository, StorageClass } from '../types.ts';
import { type Finding, fault, warning } from './finding.ts';

/** Two repositories with the same place are one copy. Bucket names are global, whatever the region. */
function placeOf(repository: PlanRepository): string {
  const { storage, location } = repository;
  if (storage === 'posix') return `posix:${location.replace(/\/+/g, '/').replace(/\/$/, '')}`;
  return `${storage}:${location.trim().toLowerCase()}`;
}

function doubledPlaces(plan: Plan): Finding[] {
  return plan.repositories.flatMap((repository, n) => {
    const other = plan.repositories.slice(0, n).find((before) => placeOf(before) === placeOf(repository));
    if (other === undefined) return [];
    return fault(plan, {
      code: 'PLACE-DOUBLED',
      path: ['repositories', n, 'location'],
      fact: `"${repository.location}" is the place of "${other.id}" too: two repositories there are one copy`,
      hint: 'give one of them another path or bucket',
    });
  });
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

function badLocation(repository: PlanRepository): { code: string; fact: string; hint: string } | undefined {
  const { storage, location } = repository;
  if (storage === 'posix' && !location.startsWith('/')) {
    const hint = 'write the whole path, e.g. /var/backups/go-coffee';
    return { code: 'PATH-RELATIVE', fact: `"${location}" is a relative path`, hint };
  }
  if (storage === 'posix' && location.split('/').includes('..')) {
    return { code: 'PATH-UPWARD', fact: `"${location}" has a ".." in it`, hint: 'write the path that it leads to' };
  }
  if (storage === 's3' && (!BUCKET.test(location) || location.includes('..'))) {
    const hint = 'write 3 to 63 of a-z, 0-9, "." and "-", without s3:// and without a prefix';
    return { code: 'BUCKET-INVALID', fact: `"${location}" is no name of a bucket`, hint };
  }
  return undefined;
}

function locations(plan: Plan): Finding[] {
  return plan.repositories.flatMap((repository, n) => {
    const bad = badLocation(repository);
    const found = bad === undefined ? [] : [fault(plan, { path: ['repositories', n, 'location'], ...bad })];
    if (repository.storage !== 's3' || repository.region !== undefined) return found;
    const fact = `bucket "${repository.location}" has no region`;
    return [
      ...found,
      fault(plan, { code: 'REGION-MISSING', path: ['repositories', n], fact, hint: 'add region, e.g. us-east-1' }),
    ];
  });
}

function retention(plan: Plan): Finding[] {
  return plan.repositories.flatMap((repository, n) => {
    const kept = seconds(repository.retention);
    const path = ['repositories', n, 'retention'];
    if (kept === 0) {
      const fact = `"${repository.id}" keeps copies for ${repository.retention}: none`;
      return fault(plan, { code: 'RETENTION-ZERO', path, fact, hint: 'say for how long, e.g. 30d' });
    }
    if (repository.immutable === undefined) return [];
    const lock = seconds(repository.immutable.lock);
    if (repository.storage !== 's3') {
      const fact = `"${repository.id}" is locked, and ${repository.storage} storage has no Object Lock`;
      return fault(plan, {
        code: 'LOCK-NOT-S3',
        path: ['repositories', n, 'immutable'],
        fact,
        hint: 'leave immutable out',
      });
    }
    if (lock === 0) {
      const fact = `"${repository.id}" is locked for ${repository.immutable.lock}: not at all`;
      const hint = 'say for how long, e.g. 30d, or leave immutable out';
      return fault(plan, { code: 'LOCK-ZERO', path: ['repositories', n, 'immutable', 'lock'], fact, hint });
    }
    if (kept >= lock) return [];
    const fact = `"${repository.id}" is kept for ${exactDuration(kept)} and locked for ${exactDuration(lock)}: it could not be pruned in time`;
    return fault(plan, {
      code: 'RETENTION-BELOW-LOCK',
      path,
      fact,
      hint: 'make the retention as long as the lock, or the lock shorter',
    });
  });
}

/** Bulk retrieval, the slowest (AWS, "Archive retrieval options"): thousands of packs don't come by the fast ones. Others are read at once. */
const THAW_SECONDS: Partial<Record<StorageClass, number>> = { GLACIER: 12 * 3600, DEEP_ARCHIVE: 48 * 3600 };
const IA_MINIMUM_SECONDS = 30 * 86_400;

function strictestRto(plan: Plan, repository: PlanRepository): { seconds: number; tier: string } | undefined {
  const held = plan.workloads
    .filter(({ repositories }) => repositories.includes(repository.id))
    .map(({ tier }) => tier);
  return plan.tiers
    .filter(({ id }) => held.includes(id))
    .map(({ id, rto }) => ({ tier: id, seconds: seconds(rto) }))
    .sort((a, b) => a.seconds - b.seconds)[0];
}

function lifecycle(plan: Plan): Finding[] {
  return plan.repositories.flatMap((repository, n) =>
    repository.lifecycle.flatMap(({ after, storageClass }, l) => {
      const path = ['repositories', n, 'lifecycle', l];
      if (repository.storage !== 's3') {
        const fact = `"${repository.id}" moves to ${storageClass}, and ${repository.storage} storage has no classes`;
        return fault(plan, { code: 'LIFECYCLE-NOT-S3', path, fact, hint: 'leave lifecycle empty' });
      }
      const found: Finding[] = [];
      const thaw = THAW_SECONDS[storageClass];
      const rto = strictestRto(plan, repository);
      if (thaw !== undefined && rto !== undefined && thaw > rto.seconds) {
        const fact = `${storageClass} takes ${exactDuration(thaw)} to read back, and ${rto.tier} must be back in ${exactDuration(rto.seconds)}`;
        found.push(fault(plan, { code: 'STORAGE-CLASS-SLOW', path, fact, hint: 'use GLACIER_IR: it is read at once' }));
      }
      if (storageClass.endsWith('_IA') && seconds(after) < IA_MINIMUM_SECONDS) {
        const fact = `S3 moves nothing to ${storageClass} before 30 d, and "${repository.id}" asks for ${after}`;
        found.push(fault(plan, { code: 'LIFECYCLE-TOO-EARLY', path, fact, hint: 'write 30d or more' }));
      }
      const before = repository.lifecycle[l - 1];
      if (before !== undefined && seconds(before.after) >= seconds(after)) {
        const fact = `${storageClass} after ${after} follows ${before.storageClass} after ${before.after}`;
        found.push(
          fault(plan, { code: 'LIFECYCLE-ORDER', path, fact, hint: 'write the transitions in the order of their age' }),
        );
      }
      if (seconds(after) >= seconds(repository.retention)) {
        const fact = `${storageClass} after ${after} comes no sooner than the end of the retention (${repository.retention})`;
        found.push(warning(plan, { code: 'LIFECYCLE-LATE', path, fact, hint: 'leave it out, or move earlier' }));
      }
      return found;
    }),
  );
}

export function checkPlaces(plan: Plan): Finding[] {
  return [...doubledPlaces(plan), ...locations(plan), ...retention(plan), ...lifecycle(plan)];
}
