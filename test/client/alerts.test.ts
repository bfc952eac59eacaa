import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../support/runes.ts';
import { flag, opened } from './support/messages.ts';
import { HandClock } from './support/hand-clock.ts';
import { flushSync, openViewer, Told } from './support/viewer.ts';

const { Alerts } = await import('../../client/state/alerts.svelte.ts');

const TEXT = { title: 'a', body: 'b' };
const BOTH = { notification: true, sound: true };

function make() {
  const told = new Told();
  const clock = new HandClock();
  const alerts = new Alerts({ ...told.tools, now: clock.now });
  return { told, clock, alerts, tell: (by = BOTH) => alerts.tell(TEXT, by, () => {}) };
}

test('people are told as they asked to be', () => {
  const { told, tell } = make();
  tell({ notification: false, sound: false });
  assert.deepEqual([told.beeps, told.notifications.length], [0, 0]);
  tell({ notification: false, sound: true });
  assert.deepEqual([told.beeps, told.notifications.length], [1, 0]);
  const other = make();
  other.tell({ notification: true, sound: false });
  assert.deepEqual([other.told.beeps, other.told.notifications.length], [0, 1]);
});

test('they are told at most once in five seconds, and then how many there were between', () => {
  const { told, clock, tell } = make();
  tell();
  clock.time += 4999;
  tell();
  tell();
  assert.equal(told.beeps, 1);
  clock.time++;
  tell();
  clock.time += 5000;
  tell();
  assert.deepEqual(
    told.notifications.map(({ alert }) => alert.body),
    ['b', 'b, and 2 more before it', 'b'],
  );
  assert.equal(told.beeps, 3);
});

test('why a browser shows no notifications is known until it does', async () => {
  const { told, alerts } = make();
  told.refusal = 'denied';
  assert.deepEqual([await alerts.allow(), alerts.refusal], [false, 'denied']);
  told.refusal = null;
  assert.deepEqual([await alerts.allow(), alerts.refusal], [true, null]);
});

test('a flag that begins is told with its drive, time and measure, and a click goes to it', async (t) => {
  const { told, preferences, say, review, transport } = await openViewer(t);
  await say({ type: 'alert', flag: flag(20) });
  assert.deepEqual([told.beeps, told.notifications.length], [0, 0]);
  preferences.notification = true;
  await say({ type: 'flags', flags: [flag(20)] }, { type: 'alert', flag: flag(20) });
  assert.deepEqual(
    told.notifications.map(({ alert }) => alert),
    [{ title: 'Roadgaze: off road', body: 'a.mp4, 0:02.0: down to 20 %' }],
  );
  told.notifications[0]?.click();
  flushSync();
  assert.deepEqual([review.selected?.startFrame, transport.playhead.target], [20, 22]);
});

test('the measure is the one that flags go by', async (t) => {
  const { told, preferences, analysis, say } = await openViewer(t);
  preferences.notification = true;
  analysis.setFlagSettings({ ...opened().flags, measure: 'lift' });
  await say({ type: 'alert', flag: flag(20) });
  assert.equal(told.notifications[0]?.alert.body, 'a.mp4, 0:02.0: lift down to 0.20');
});
