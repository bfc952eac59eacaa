import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_FLAG_SETTINGS, type Flag } from '../../shared/flags.ts';
import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import { DriveColumns } from '../../client/data/columns.ts';
import '../support/runes.ts';
import { flag } from './support/messages.ts';

const { Analysis } = await import('../../client/stream/analysis.svelte.ts');

function make() {
  const sent: ClientMessage[] = [];
  return { sent, analysis: new Analysis({ send: (message) => sent.push(message) > 0 }) };
}

test('settings count at once here, and are sent as often as the server can use them', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { sent, analysis } = make();
  const settings = (enterBelow: number) => ({ ...DEFAULT_FLAG_SETTINGS, enterBelow });
  for (const enterBelow of [0.1, 0.2, 0.3]) analysis.setFlagSettings(settings(enterBelow));
  assert.deepEqual(analysis.flagSettings, settings(0.3));
  assert.deepEqual(sent, [{ type: 'settings', flags: settings(0.1) }]);
  t.mock.timers.tick(79);
  assert.equal(sent.length, 1);
  t.mock.timers.tick(1);
  assert.deepEqual(sent.at(-1), { type: 'settings', flags: settings(0.3) });
});

test('what begins has new columns, no flags and no progress yet', () => {
  const { analysis } = make();
  const heard: (readonly Flag[])[] = [];
  analysis.flagsReplaced.on((flags) => heard.push(flags));
  analysis.setFlags([flag(1)]);
  analysis.progress = {
    done: 1,
    total: 2,
    framesPerSecond: 3,
    secondsLeft: null,
    complete: false,
    shortfall: null,
  };
  analysis.isLost = true;
  const { version } = analysis;
  const columns = new DriveColumns([0, 1], 1);
  analysis.begin(columns);
  assert.equal(analysis.columns, columns);
  assert.deepEqual([analysis.flags, analysis.progress, analysis.isLost], [[], null, false]);
  assert.equal(analysis.version, version + 1);
  assert.deepEqual(heard, [[flag(1)], []]);
  analysis.clear();
  assert.equal(analysis.columns, null);
});
