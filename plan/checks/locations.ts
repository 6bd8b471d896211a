/** Locations of repositories, and what their storage does to copies over time. */
import { exactDuration, seconds } from '../duration.ts';
import type { Plan, PlanRepository, StorageClass } from '../types.ts';
import { type Finding, fault, warning } from './finding.ts';

/** Two repositories with one location are one copy. Bucket names are global, so the region does not count. */
function locationOf(repository: PlanRepository): string {
  const { storage, location } = repository;
  if (storage === 'posix') return `posix:${location.replace(/\/+/g, '/').replace(/\/$/, '')}`;
  return `${storage}:${location.trim().toLowerCase()}`;
}

function doubledLocations(plan: Plan): Finding[] {
  return plan.repositories.flatMap((repository, n) => {
    const other = plan.repositories.slice(0, n).find((before) => locationOf(before) === locationOf(repository));
    if (other === undefined) return [];
    return fault(plan, {
      code: 'PLACE-DOUBLED',
      path: ['repositories', n, 'location'],
      fact: `"${repository.location}" is also the location of "${other.id}": two repositories there are one copy`,
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
    return { code: 'PATH-UPWARD', fact: `"${location}" has a ".." in it`, hint: 'write the path that it resolves to' };
  }
  if (storage === 's3' && (!BUCKET.test(location) || location.includes('..'))) {
    const hint = 'write 3 to 63 of a-z, 0-9, "." and "-", without s3:// and without a prefix';
    return { code: 'BUCKET-INVALID', fact: `"${location}" is not a valid bucket name`, hint };
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
      const fact = `"${repository.id}" has a retention of ${repository.retention}: it would keep no copy`;
      return fault(plan, { code: 'RETENTION-ZERO', path, fact, hint: 'write a retention, e.g. 30d' });
    }
    if (repository.immutable === undefined) return [];
    const lock = seconds(repository.immutable.lock);
    if (repository.storage !== 's3') {
      const fact = `"${repository.id}" is locked, and ${repository.storage} storage has no Object Lock`;
      return fault(plan, {
        code: 'LOCK-NOT-S3',
        path: ['repositories', n, 'immutable'],
        fact,
        hint: 'remove immutable',
      });
    }
    if (lock === 0) {
      const fact = `"${repository.id}" has a lock of ${repository.immutable.lock}: nothing would be locked`;
      const hint = 'write a lock, e.g. 30d, or remove immutable';
      return fault(plan, { code: 'LOCK-ZERO', path: ['repositories', n, 'immutable', 'lock'], fact, hint });
    }
    if (kept >= lock) return [];
    const fact = `"${repository.id}" is kept for ${exactDuration(kept)} and locked for ${exactDuration(lock)}: it could not be pruned when its retention ends`;
    return fault(plan, {
      code: 'RETENTION-BELOW-LOCK',
      path,
      fact,
      hint: 'make the retention as long as the lock, or the lock shorter',
    });
  });
}

/**
 * Time until archived objects can be read, by bulk retrieval (AWS, "Archive retrieval options"): the faster tiers are not meant for
 * thousands of packs. Other classes are read at once.
 */
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
        found.push(
          fault(plan, { code: 'STORAGE-CLASS-SLOW', path, fact, hint: 'use GLACIER_IR: it can be read at once' }),
        );
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
        const fact = `${storageClass} after ${after} is not before the end of the retention (${repository.retention})`;
        found.push(warning(plan, { code: 'LIFECYCLE-LATE', path, fact, hint: 'remove it, or move earlier' }));
      }
      return found;
    }),
  );
}

export function checkLocations(plan: Plan): Finding[] {
  return [...doubledLocations(plan), ...locations(plan), ...retention(plan), ...lifecycle(plan)];
}
