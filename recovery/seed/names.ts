/** What a seed leaves on a volume: whose data it holds, and, while it works, the copy that is not yet in place. */
export interface SeedNames {
  readonly mark: string;
  /** Gone when the mark stands. */
  readonly seeding: string;
}

export const REDIS_NAMES: SeedNames = { mark: 'seeded-from.json', seeding: '.seeding' };

/** Hidden, because whoever lists the folder means its own files; a backup leaves them out. */
export const FOLDER_NAMES: SeedNames = { mark: '.go-coffee-dr-seed.json', seeding: '.go-coffee-dr-seeding' };
