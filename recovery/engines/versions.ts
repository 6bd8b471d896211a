/** Reads and compares the versions that engines print. */

/** The first number of the first line: `pgBackRest 2.45` → `2.45`. Undefined where it names none (a build from source). */
export function parseVersion(text: string): string | undefined {
  const [line = ''] = text.split('\n', 1);
  return /\d+(?:\.\d+)*/.exec(line)?.[0];
}

/** Negative when `a` is older than `b`; parts that are absent count as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** False for a version that is no number, such as `unknown`. */
export function isAtLeast(version: string, wanted: string): boolean {
  return /^\d/.test(version) && compareVersions(version, wanted) >= 0;
}
