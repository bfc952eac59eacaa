import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { OpenedRecording } from '../../shared/protocol/control-messages.ts';
import type {
  LoggedSteering,
  LogCurveMessage,
  OffsetProposal,
} from '../../shared/protocol/steering-messages.ts';
import type { SteeringSignal } from '../../shared/steering.ts';
import { opened, rows } from './support/messages.ts';
import { flushSync, openViewer } from './support/viewer.ts';

const SIGNAL: SteeringSignal = {
  name: 'steering',
  kind: 'angle',
  isCommand: false,
  unit: null,
  positive: 'left',
};
const SAID = {
  unit: null,
  positive: null,
  offset: null,
  column: null,
  angleOf: null,
  ratio: null,
} as const;
const LOGGED: LoggedSteering = {
  candidates: [SIGNAL],
  others: ['gear'],
  taken: SIGNAL,
  ratio: null,
  said: SAID,
};
const ASKS = { reason: 'In which unit?', asksForUnit: true } as const;

const recordingWith = (
  steering: Partial<LoggedSteering>,
  change: Partial<OpenedRecording> = {},
): OpenedRecording => {
  const { network } = opened();
  return opened({
    network: { ...network, quantity: 'angle' },
    steering: { ...LOGGED, ...steering },
    ...change,
  });
};

const curve = (request: number, change: Partial<LogCurveMessage> = {}): LogCurveMessage => ({
  type: 'log-curve',
  request,
  signal: SIGNAL,
  // As the frames, a second long.
  times: Array.from({ length: 11 }, (_, i) => 5 + i / 10),
  values: Array.from({ length: 11 }, (_, i) => i / 4),
  proposal: null,
  reason: 'No offset is proposed: so.',
  ...change,
});

async function openStrip(t: TestContext, change: Partial<LogCurveMessage> = {}) {
  const viewer = await openViewer(t);
  await viewer.say(recordingWith({}, { log: ASKS }));
  const asked = (await viewer.server.heard()).find(({ type }) => type === 'log-curve');
  assert.ok(asked?.type === 'log-curve');
  await viewer.say(
    {
      type: 'analysis',
      // Ten in a second; steering is a quarter of the frame's number.
      columns: rows(0, 10, { pts: Array.from({ length: 11 }, (_, i) => 5 + i / 10) }),
      done: 11,
      total: 101,
      framesPerSecond: 10,
      secondsLeft: 1,
      complete: false,
      shortfall: null,
    },
    curve(asked.request, change),
  );
  await viewer.server.heard();
  return viewer;
}

test('the strip comes by itself where the unit is asked for, else it is opened', async (t) => {
  const { strip, say, server } = await openViewer(t);
  assert.equal(strip.isOpen, false);
  strip.open();
  assert.equal(strip.isOpen, false, 'there is no log');
  strip.close();
  await say(recordingWith({}));
  assert.equal(strip.isOpen, false);
  strip.open();
  flushSync();
  assert.deepEqual(await server.heard(), [{ type: 'log-curve', request: 1, column: null }]);
  await say(recordingWith({}, { recording: { ...opened().recording, id: 'b' }, log: ASKS }));
  assert.equal(strip.isOpen, true);
});

test('with a unit there is an error at once, which falls as the log is slid to its place', async (t) => {
  const { strip } = await openStrip(t);
  assert.deepEqual([strip.reading!.unit, strip.reading!.factor], [null, null]);
  assert.ok(Number.isNaN(strip.meanError));
  strip.change({ unit: 'deg' });
  assert.ok(Math.abs(strip.reading!.factor! - 1) < 1e-12);
  assert.ok(strip.meanError < 1e-6);
  strip.move(0.2);
  // Two frames are half a degree.
  assert.ok(Math.abs(strip.meanError - 0.5) < 1e-6, `${strip.meanError}`);
  strip.move(-0.2);
  strip.flip();
  assert.equal(strip.reading!.positive, 'right');
  assert.ok(strip.meanError > 1);
  strip.change({ unit: 'normalized' });
  assert.match(
    strip.reading!.comparison.of === null ? strip.reading!.comparison.reason! : '',
    /a share of full lock/,
  );
});

test('what was changed is kept in one message, and reset takes all of it back', async (t) => {
  const { strip, say, server } = await openStrip(t);
  assert.equal(strip.isChanged, false);
  strip.change({ unit: 'rad' });
  strip.move(0.1234);
  strip.flip();
  strip.flip();
  strip.keep();
  assert.deepEqual(await server.heard(), [{ type: 'log', unit: 'rad', offset: 0.123 }]);
  assert.equal(strip.isSaving, true);
  await say(recordingWith({ said: { ...SAID, unit: 'rad', offset: 0.123 } }));
  assert.deepEqual([strip.isSaving, strip.isChanged, strip.isOpen], [false, false, true]);
  strip.move(0);
  assert.deepEqual(strip.changes, { offset: null });
  strip.reset();
  assert.equal(strip.offset, 0.123);
});

test('a proposal is taken into what would be kept, with its flip, and is no news then', async (t) => {
  const proposal: OffsetProposal = { offset: -0.42, flip: true, correlation: 0.9, now: -0.5 };
  const { strip } = await openStrip(t, { proposal, reason: null });
  assert.deepEqual(strip.news, proposal);
  strip.takeProposal();
  assert.deepEqual(strip.changes, { offset: -0.42, positive: 'right' });
  assert.equal(strip.news, null);
  strip.takeProposal();
  assert.deepEqual(strip.changes, { offset: -0.42, positive: 'right' });
});

test('another signal is asked for, and what was said of the one before does not count for it', async (t) => {
  const { strip, server, say } = await openStrip(t);
  strip.change({ unit: 'deg', offset: 1 });
  strip.chooseSignal('gear');
  assert.deepEqual(strip.changes, { column: 'gear', offset: 1 });
  const [asked] = await server.heard();
  assert.deepEqual(asked, { type: 'log-curve', request: 2, column: 'gear' });
  // An answer to what was asked before is not of it.
  await say(curve(1), curve(2, { signal: { ...SIGNAL, name: 'gear' } }));
  assert.equal(strip.signal!.name, 'gear');
});

test('wheel and tyres are compared once the ratio is given', async (t) => {
  const { strip, say } = await openViewer(t);
  const { network } = opened();
  const wheel = { ...SIGNAL, kind: 'wheel', unit: 'deg' } as const;
  await say(
    recordingWith(
      { taken: wheel, candidates: [wheel] },
      { network: { ...network, quantity: 'angle', angleOf: 'tyre' } },
    ),
  );
  assert.equal(strip.reading!.factor, null);
  strip.change({ ratio: 16 });
  assert.ok(Math.abs(strip.reading!.factor! - 1 / 16) < 1e-12);
});
