import { beyondLimit, inBytes, LIMITS } from './limits.ts';

/**
 * Which fields of a message hold further messages that are read, by field number; the names are
 * those of `schema.ts`.
 */
interface MessageKind {
  readonly messages: Readonly<Record<number, string>>;
  /** Lists of numbers, each of which becomes an object. */
  readonly numbers?: readonly number[];
  /** Text. */
  readonly text?: readonly number[];
}

const kinds: Readonly<Record<string, MessageKind>> = {
  model: { messages: { 7: 'graph', 8: 'leaf', 14: 'pair', 25: 'function' }, text: [] },
  function: { messages: { 7: 'node', 11: 'attribute' }, text: [1, 4, 5, 6, 10] },
  graph: {
    messages: { 1: 'node', 5: 'tensor', 11: 'value', 12: 'value', 13: 'value', 15: 'leaf' },
    text: [2],
  },
  node: { messages: { 5: 'attribute' }, text: [1, 2, 3, 4, 7] },
  attribute: {
    messages: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph' },
    numbers: [8],
    text: [1, 4, 9],
  },
  tensor: { messages: { 13: 'pair' }, numbers: [1, 7, 11], text: [8] },
  value: { messages: { 2: 'type' }, text: [1] },
  type: { messages: { 1: 'tensorType' } },
  tensorType: { messages: { 2: 'shape' } },
  shape: { messages: { 1: 'dimension' } },
  dimension: { messages: {}, text: [2] },
  pair: { messages: {}, text: [1, 2] },
  leaf: { messages: {} },
};

/** Fields of a node of which each entry is a value, or describes it. */
const NODE_ENDS: Readonly<Record<number, string>> = { 1: 'inputs', 2: 'outputs', 5: 'attributes' };

/**
 * Counts what is in an ONNX file without reading it into objects, so that a file of a million nodes
 * is refused within milliseconds. A file that breaks off is counted up to there. Throws MODEL_SHAPE
 * with the figure and the limit.
 */
export function checkFileLimits(bytes: Uint8Array, source: string): void {
  new Scan(bytes, source).message('model', 0, bytes.length, 0);
}

class Scan {
  readonly #bytes: Uint8Array;
  readonly #source: string;
  #at = 0;
  #nodes = 0;
  #fields = 0;
  #texts = 0;

  constructor(bytes: Uint8Array, source: string) {
    this.#bytes = bytes;
    this.#source = source;
  }

  message(kind: string, start: number, end: number, depth: number): void {
    if (depth > LIMITS.depth)
      throw this.#beyond(`has networks within networks, more than ${LIMITS.depth} deep`);
    const { messages, numbers = [], text = [] } = kinds[kind]!;
    const ends = new Map<number, number>();
    this.#at = start;
    while (this.#at < end) {
      const tag = this.#varint();
      const field = Math.floor(tag / 8);
      this.#count(1);
      if (tag % 8 === 0) this.#varint();
      else if (tag % 8 === 1) this.#at += 8;
      else if (tag % 8 === 5) this.#at += 4;
      else if (tag % 8 === 2) {
        const length = this.#varint();
        const next = this.#at + length;
        if (!(next <= end)) return;
        // A packed number takes at least a byte.
        if (numbers.includes(field)) this.#count(length);
        const longest = kind === 'pair' ? LIMITS.metadata : LIMITS.text;
        if (text.includes(field) && length > longest)
          throw this.#beyond(`has a text of ${inBytes(length)}; the limit is ${inBytes(longest)}`);
        if (text.includes(field) && kind !== 'pair' && (this.#texts += length) > LIMITS.texts)
          throw this.#beyond(
            `has names of more than ${inBytes(LIMITS.texts)} together, which is the limit`,
          );
        const inner = messages[field];
        if (kind === 'graph') this.#inGraph(field, ends);
        if (kind === 'function' && field === 7) this.#countNode();
        if (kind === 'node') this.#inNode(field, ends);
        if (inner !== undefined)
          this.message(
            inner,
            this.#at,
            next,
            inner === 'graph' && kind === 'attribute' ? depth + 1 : depth,
          );
        this.#at = next;
      } else return;
    }
  }

  #countNode(): void {
    if (++this.#nodes > LIMITS.nodes)
      throw this.#beyond(`has more than ${LIMITS.nodes} nodes, which is the limit`);
  }

  #inGraph(field: number, ends: Map<number, number>): void {
    if (field === 1) this.#countNode();
    if (field !== 11 && field !== 12) return;
    const count = (ends.get(field) ?? 0) + 1;
    ends.set(field, count);
    // Old files list every weight as an input too.
    if (field === 12 && count > LIMITS.ends)
      throw this.#beyond(`has more than ${LIMITS.ends} outputs, which is the limit`);
  }

  #inNode(field: number, ends: Map<number, number>): void {
    const what = NODE_ENDS[field];
    if (what === undefined) return;
    const count = (ends.get(field) ?? 0) + 1;
    ends.set(field, count);
    if (count > LIMITS.nodeEnds)
      throw this.#beyond(
        `has a node with more than ${LIMITS.nodeEnds} ${what}, which is the limit`,
      );
  }

  #count(fields: number): void {
    this.#fields += fields;
    if (this.#fields > LIMITS.fields)
      throw this.#beyond(`has more than ${LIMITS.fields} entries in its file, which is the limit`);
  }

  /** Exact up to 2^53, which is more than any length that fits. */
  #varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  }

  #beyond(what: string) {
    return beyondLimit(
      this.#source,
      what,
      'Export the network without what it does not need to steer, or use a smaller one.',
    );
  }
}
