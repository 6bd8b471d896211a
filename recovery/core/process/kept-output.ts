/** Output of a child that can't fill the memory: all of it up to a limit, or its beginning and its end. */

/** What a caller parses: the listing of a million files fits. A text of more than 512 MB would end Node itself. */
const MOST_BYTES = 256 * 1024 * 1024;
/** What only says what happened: its first lines and its last ones. */
const HEAD_BYTES = 256 * 1024;
const TAIL_BYTES = 1024 * 1024;
/** A longer line is handed on in parts. */
const LINE_CHARACTERS = 64 * 1024;

/** `all`: for a caller that parses it. `ends`: the middle of a long output is left out. */
export type Keep = 'all' | 'ends';

export class KeptOutput {
  readonly #keep: Keep;
  #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #leftOut = 0;
  /** All that came, kept or not. */
  bytes = 0;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** True when `all` was to be kept and is too much. */
  get isTooMuch(): boolean {
    return this.#keep === 'all' && this.#leftOut > 0;
  }

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    const headLimit = this.#keep === 'all' ? MOST_BYTES : HEAD_BYTES;
    const fits = Math.min(chunk.length, Math.max(0, headLimit - this.#headBytes));
    if (fits > 0) {
      this.#head.push(chunk.subarray(0, fits));
      this.#headBytes += fits;
    }
    if (fits === chunk.length) return;
    if (this.#keep === 'all') {
      this.#leftOut += chunk.length - fits;
      // Nobody gets it any more; its first lines go into the error.
      this.#head = [Buffer.concat(this.#head.slice(0, 4)).subarray(0, HEAD_BYTES)];
      return;
    }
    this.#tail.push(chunk.subarray(fits));
    this.#tailBytes += chunk.length - fits;
    for (
      let [first] = this.#tail;
      first !== undefined && this.#tailBytes - first.length >= TAIL_BYTES;
      [first] = this.#tail
    ) {
      this.#tail.shift();
      this.#tailBytes -= first.length;
      this.#leftOut += first.length;
    }
  }

  text(): string {
    const gap = this.#leftOut > 0 ? [Buffer.from(`\n… ${this.#leftOut} bytes left out …\n`)] : [];
    return Buffer.concat([...this.#head, ...gap, ...this.#tail]).toString('utf8');
  }
}

/** Cuts chunks into lines. `end` hands on what stands behind the last line break. */
export function lineCutter(onLine: (line: string) => void): { add(chunk: Buffer): void; end(): void } {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    add(chunk) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line.replace(/\r$/, ''));
      if (rest.length < LINE_CHARACTERS) return;
      onLine(rest);
      rest = '';
    },
    end() {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
