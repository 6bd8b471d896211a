/** Something that could not be collected. The collection is then partial (exit 3). */
export interface Gap {
  readonly id: string;
  readonly fact: string;
  readonly hint: string;
}
