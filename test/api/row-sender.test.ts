import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { RowSeries, type RowWindow } from '../../server/analysis/row-series.ts';
import { RowSender, type RowPiece } from '../../server/api/row-sender.ts';

const network = {
  name: 'test',
  digest: '',
  crop: null,
  mask: { width: 4, height: 4 },
  methods: ['visualbackprop'],
  output: {
    number: { tensor: 'steering', index: 0, elements: 1, meaning: 'steering' },
    quantity: null,
    unit: null,
    positive: null,
  },
} as const;

function push(rows: RowSeries, count: number): void {
  for (let row = 0; row < count; row++)
    rows.push(rows.end, {
      pts: rows.end / 10,
      steering: 0,
      driven: NaN,
      scores: [],
      agreement: null,
    });
}

/** A viewer who reads when the test says so. */
function viewer(t: TestContext, window: RowWindow | null = null) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const pass = (milliseconds: number): void => {
    now += milliseconds;
    t.mock.timers.tick(milliseconds);
  };
  const rows = new RowSeries(network, { window });
  const pieces: RowPiece[] = [];
  const listeners = new Set<() => void>();
  const state = { buffered: 0 };
  const feed = new RowSender(
    rows,
    {
      send: () => {},
      sendBuffers: () => {},
      buffered: () => state.buffered,
      onSent: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    { before: () => {}, send: (piece) => pieces.push(piece) },
  );
  t.after(() => feed.close());
  const sent = (): void => {
    for (const listener of listeners) listener();
  };
  return { rows, feed, pieces, state, sent, listeners, pass };
}

describe('rows on their way to a viewer', () => {
  it('come by themselves, in pieces that together are all of them', (t) => {
    const { rows, feed, pieces, pass } = viewer(t);
    push(rows, 4500);
    feed.tell();
    assert.deepEqual(
      pieces.map(({ from, to, isRestart }) => [from, to, isRestart]),
      [
        [0, 2000, true],
        [2000, 4000, false],
        [4000, 4500, false],
      ],
    );
    for (let row = 0; row < 10; row++) push(rows, 1);
    pass(300);
    assert.deepEqual(pieces.slice(3), [{ from: 4500, to: 4510, isRestart: false }]);
  });

  it('wait for whoever does not read, who then gets all that came meanwhile', (t) => {
    const { rows, feed, pieces, state, sent, pass } = viewer(t);
    state.buffered = 2 << 20;
    feed.tell();
    for (let times = 0; times < 5; times++) {
      push(rows, 100);
      pass(50);
    }
    assert.deepEqual(pieces, []);
    pass(250);
    state.buffered = 0;
    assert.deepEqual(pieces, []);
    sent();
    pass(250);
    assert.deepEqual(pieces, [{ from: 0, to: 500, isRestart: true }]);
  });

  it('that were forgotten before a slow viewer read them are left out, and the next ones begin anew', (t) => {
    const { rows, feed, pieces, state, sent, pass } = viewer(t, { kept: 100, atOnce: 20 });
    push(rows, 10);
    feed.tell();
    state.buffered = 2 << 20;
    push(rows, 1000);
    pass(250);
    state.buffered = 0;
    sent();
    pass(250);
    assert.deepEqual(pieces, [
      { from: 0, to: 10, isRestart: true },
      { from: rows.start, to: 1010, isRestart: true },
    ]);
    assert.ok(rows.start > 800);
  });

  it('end with the viewer, who is then told nothing more and holds nothing', (t) => {
    const { rows, feed, pieces, listeners, pass } = viewer(t);
    feed.close();
    push(rows, 10);
    pass(250);
    assert.deepEqual(pieces, []);
    assert.equal(listeners.size, 0);
  });
});
