/**
 * Pure: from what an engine, a store or a server said to what is the cause. One classifier for pgBackRest, restic, libpq, Redis and S3, so
 * that one trouble has one word in every command. Tested with outputs that the real engines have printed.
 */

/**
 * `denied`: the credentials are refused. `passphrase`: the copy does not open. `newer`: another version wrote it. `full`: no room.
 * `busy`: somebody else works there. `missing`: there is no such bucket. `slow`: an answer came too late. `away`: nobody answers.
 * `files`: a limit of open files on this host. `read-only`: a file system of this host. `untrusted`: its certificate is refused. `damaged`: the bytes are not those that were written.
 */
export type Cause =
  | 'denied'
  | 'passphrase'
  | 'newer'
  | 'full'
  | 'busy'
  | 'missing'
  | 'slow'
  | 'away'
  | 'untrusted'
  | 'files'
  | 'read-only'
  | 'damaged';

/**
 * In this order: a refused key also reads as a file that can't be loaded, a refused certificate as one that does not decrypt, and a dead
 * connection as one that ended early.
 */
const SIGNS: readonly (readonly [Cause, RegExp])[] = [
  // Whatever could not be opened then seems to be missing, or not to be allowed.
  ['files', /too many open files|\bEMFILE\b|\[24\] Too many/i],
  [
    'denied',
    /failed with 40[13] |\b403 Forbidden|AccessDenied|Access Denied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|RequestTimeTooSkewed|access key id you provided does not exist|request signature we calculated does not match|\w+ authentication failed|no pg_hba\.conf entry|no password supplied|FATAL: +role "[^"]*" (?:does not exist|is not permitted)|unable to open config file: .*permission denied|WRONGPASS|NOAUTH|NOPERM|invalid username-password/i,
  ],
  [
    'untrusted',
    /unable to find hostname '[^']*' in certificate|unable to verify certificate|x509: |certificate verify failed|certificate is not (?:yet valid|trusted)|certificate has expired|self-signed certificate|server certificate for "[^"]*" does not match/i,
  ],
  ['missing', /NoSuchBucket|specified bucket does not exist/],
  [
    'newer',
    /unsupported repository version|expected format \d+ but found \d+|unsupported version \([\d.]+\) in file header|Can't handle RDB format version|file format .* newer/i,
  ],
  [
    'passphrase',
    /wrong password or no key found|is cipher-pass correct|cipher header invalid|(?:FormatError: key\/value found outside of section at line 1:[\s\S]*){2}/,
  ],
  ['full', /no space left on device|disk quota exceeded|QuotaExceeded|ENOSPC|EDQUOT|minimum free drive threshold/i],
  ['read-only', /read-only file system|\bEROFS\b|\[30\] Read-only/i],
  ['busy', /repository is already locked|unable to create lock in backend|unable to acquire lock/],
  [
    'damaged',
    /config or key \w+ is damaged|config file has zero size|Fatal: Unmarshal: |repository could be damaged|repository index is damaged|[0-9a-f]{64} not found in repository|ChecksumError|invalid checksum|zlib threw error|\b(?:zst|lz4|bz2|zlib) error: |FormatError|invalid JSON value|CryptoError|unable to flush|ciphertext verification failed|invalid data returned|hash does not match id|does not match, want|invalid page in block|RDB CRC error|Wrong signature trying to load DB|Short read or OOM loading DB|FileMissingError|unable to open missing file/i,
  ],
  [
    'away',
    /HostConnectError|Could not connect to Redis|failed: No such file or directory\s+Is the server running|connection refused|ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ECONNRESET|no such host|could not translate host name|server closed the connection|unexpected eof|connection reset/i,
  ],
  [
    'slow',
    /timeout after \d+ms|timeout connecting|i\/o timeout|context deadline|TLS handshake timeout|timeout expired|ETIMEDOUT|ServiceError|SlowDown|503 Service|Service Unavailable|moved no data for/i,
  ],
];

/** Undefined for what none of them is known to say. */
export function causeOf(said: string): Cause | undefined {
  return SIGNS.find(([, sign]) => sign.test(said))?.[0];
}

const MOST_LINES = 12;
const LONGEST_LINE = 300;

/** What damaged bytes make of a text: control characters, and characters that are none. */
const NOISE = /[^\P{C}\t]|\uFFFD/u;

/** For people: each line ends where noise begins, and headers of requests are left out. */
export function readable(said: string): string {
  const lines = said
    .split('\n')
    .filter((line) => !/^\s*(?:\*\*\* |[a-z][a-z0-9-]*: |GET \/|PUT \/|POST \/|HEAD \/)/.test(line));
  const shown = lines.slice(0, MOST_LINES).map((line) => {
    const noise = line.search(NOISE);
    const clean = noise < 0 ? line : `${line.slice(0, noise)}…`;
    return clean.length > LONGEST_LINE ? `${clean.slice(0, LONGEST_LINE)}…` : clean;
  });
  return [...shown, ...(lines.length > MOST_LINES ? ['…'] : [])].join('\n').trim();
}

/** The name that S3 gives a refusal: `InvalidAccessKeyId`. */
export function refusalIn(said: string): string | undefined {
  return (
    /<Code>(\w+)<\/Code>/.exec(said)?.[1] ??
    /\b(AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken)\b/.exec(said)?.[1]
  );
}

/** What lets `dr` into PostgreSQL. Debian's own rule lets an account of the system in as the user of the same name: never root. */
export function loginHint(said: string): string {
  return /Peer authentication failed/i.test(said)
    ? 'let root in as that user: the lines for pg_hba.conf and pg_ident.conf are in docs/host.md; or set postgres.password'
    : 'see postgres.user and postgres.password in the environment file, and pg_hba.conf';
}
