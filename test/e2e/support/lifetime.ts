import { after, type TestContext } from 'node:test';

/**
 * What a whole `describe` shares: passes for a test context where something wants to be cleaned up,
 * and cleans up, last first, when the suite is over. (`after` inside a `before` hook would end with
 * the hook.)
 */
export class Lifetime implements Pick<TestContext, 'after'> {
  readonly #ends: (() => unknown)[] = [];

  constructor() {
    after(async () => {
      for (const end of this.#ends.splice(0).reverse()) await end();
    });
  }

  after(end?: (...nothing: never[]) => unknown): void {
    if (end) this.#ends.push(end);
  }
}
