/** What no program can see, and a person confirms. Pure. */

/** Characters of a name or a note. */
export const FIELD_LIMIT = 500;

/**
 * `escrow-written` and `escrow-opened` are recorded by `dr keys`, `failover` by `dr failover`, `channels` by
 * `dr incident test-channels`. The others are recorded by hand: an alert has
 * reached its receiver, somebody has the off-site copy, the standby has room, it can pull the images.
 */
export const PROOFS = [
  'escrow-written',
  'escrow-opened',
  'failover',
  'alert-delivery',
  'channels',
  'offsite-custody',
  'standby-capacity',
  'standby-images',
] as const;
