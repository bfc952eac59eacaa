/** Whole numbers by the size of their keys, smallest first. */
export class MinHeap {
  readonly #keys: number[] = [];
  readonly #items: number[] = [];

  push(key: number, item: number): void {
    const [keys, items] = [this.#keys, this.#items];
    let at = keys.length;
    for (
      let parent = (at - 1) >> 1;
      at > 0 && keys[parent]! > key;
      at = parent, parent = (at - 1) >> 1
    ) {
      keys[at] = keys[parent]!;
      items[at] = items[parent]!;
    }
    keys[at] = key;
    items[at] = item;
  }

  /** The item of the smallest key; undefined where there is none. */
  pop(): number | undefined {
    const [keys, items] = [this.#keys, this.#items];
    const first = items[0];
    const [key, item] = [keys.pop(), items.pop()];
    if (key === undefined || item === undefined || keys.length === 0) return first;
    let at = 0;
    for (let child = 1; child < keys.length; child = 2 * at + 1) {
      if (child + 1 < keys.length && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      keys[at] = keys[child]!;
      items[at] = items[child]!;
      at = child;
    }
    keys[at] = key;
    items[at] = item;
    return first;
  }
}
