/** The two servers of an adoption of PostgreSQL. */
import type { Row } from '../types.ts';

/** One session as superuser. */
export interface Session extends AsyncDisposable {
  query(text: string): Promise<readonly Row[]>;
}

/** A running server of the platform. */
export interface SourceServer {
  /** `pod shop-data/postgres-0`, `db.example.com (10.0.0.7)` */
  readonly describe: string;
  /** Throws `SOURCE-UNREACHABLE`, `SOURCE-DENIED`. @param database @default postgres, or template1 where that is missing */
  open(database?: string): Promise<Session>;
}

/** The stack's own. */
export interface ManagedServer {
  readonly describe: string;
  /** One statement as superuser in the furthest member. Throws DrError where none answers. */
  query(text: string, database?: string): Promise<readonly Row[]>;
  /** Asks for the promotion; may be repeated. */
  promote(): Promise<void>;
  /** Makes the stack's own role, database and password in the promoted server; may be repeated. */
  afterPromotion(): Promise<void>;
}
