/** What a channel is given, and what it says. */
import type { Secrets } from '../../core/secrets.ts';

export interface OutgoingMessage {
  /** The same for each attempt: a receiver can tell a message that arrives twice. */
  readonly id: string;
  readonly incident: string;
  readonly environment: string;
  readonly template: 'initial' | 'update' | 'resolved' | 'test';
  /** The first line of the text. */
  readonly title: string;
  /** Plain text; each channel escapes it in its own way. */
  readonly text: string;
  readonly severity: string;
  /** `Investigating`, `Identified`, `Monitoring` or `Resolved`. */
  readonly status: string;
  readonly at: Date;
  /** What the receiver called the incident when it first heard of it. */
  readonly remote: string | undefined;
}

export interface Sent {
  readonly attempts: number;
  /** The receiver's name for the incident. */
  readonly remote?: string;
}

export interface SendPorts {
  readonly secrets: Secrets;
  /** The field of dr.yaml, for errors: `incident.channels.slack`. */
  readonly where: string;
}
