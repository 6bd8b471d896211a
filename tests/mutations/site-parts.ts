/** What a restore lays down, by the part that a mutation damages, and the journal's line after which it is there. */
import type { Platform } from '../../drill/platform/platform.ts';

interface SitePart {
  readonly folder: (site: Platform) => string;
  /** Of the path below the folder. */
  readonly wanted: RegExp;
  readonly laid: RegExp;
}

export const FILES = {
  'rows of PostgreSQL': {
    folder: ({ environment }) => environment.postgres?.dataDir ?? '',
    wanted: /^base\/\d+\/\d+$/,
    laid: /^postgres\/copy done$/,
  },
  'state of PostgreSQL': {
    folder: ({ environment }) => environment.postgres?.dataDir ?? '',
    wanted: /^(?:global\/(?:pg_control|pg_filenode\.map)|backup_label|PG_VERSION|pg_xact\/.*|recovery\.signal)$/,
    laid: /^postgres\/copy done$/,
  },
  Redis: {
    folder: ({ environment }) => environment.redis?.dataDir ?? '',
    wanted: /\.rdb$/,
    laid: /^redis\/files done$/,
  },
  uploads: { folder: ({ paths }) => paths.folder('uploads'), wanted: /./, laid: /^uploads\/swap done$/ },
} as const satisfies Record<string, SitePart>;
