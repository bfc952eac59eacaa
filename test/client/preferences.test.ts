import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../support/runes.ts';
import { flushSync, MemoryTexts, startViewer, SystemTheme } from './support/viewer.ts';

const { Preferences } = await import('../../client/state/preferences.svelte.ts');

const KEY = 'roadgaze.preferences';

test('what a person prefers is there again, and what cannot be is as usual', () => {
  const kept = new MemoryTexts();
  const preferences = new Preferences(kept, new SystemTheme());
  assert.deepEqual(preferences.mask, { map: 'inferno', opacity: 0.85, threshold: 0.1 });
  Object.assign(preferences, {
    theme: 'light',
    map: 'viridis',
    opacity: 0,
    threshold: 1,
    outline: false,
  });
  Object.assign(preferences, { agreement: 'ssim', notification: true, sound: true });
  preferences.store();
  const again = new Preferences(kept, new SystemTheme());
  assert.deepEqual(again.mask, { map: 'viridis', opacity: 0, threshold: 1 });
  assert.deepEqual(
    [again.theme, again.outline, again.agreement, again.notification, again.sound],
    ['light', false, 'ssim', true, true],
  );
  const wrong = {
    theme: 'blue',
    map: 'toString',
    opacity: 1.01,
    threshold: -0.01,
    outline: 1,
    agreement: 'x',
    sound: 'y',
  };
  kept.setItem(KEY, JSON.stringify(wrong));
  const usual = new Preferences(kept, new SystemTheme());
  assert.deepEqual(usual.mask, { map: 'inferno', opacity: 0.85, threshold: 0.1 });
  assert.deepEqual(
    [usual.theme, usual.outline, usual.agreement, usual.notification, usual.sound],
    ['system', true, 'spearman', false, false],
  );
});

test('the theme follows the system until somebody chooses one', () => {
  const system = new SystemTheme();
  const preferences = new Preferences(new MemoryTexts(), system);
  assert.equal(preferences.isLight, false);
  system.change(true);
  assert.equal(preferences.isLight, true);
  preferences.toggleTheme();
  assert.deepEqual([preferences.theme, preferences.isLight], ['dark', false]);
  system.change(false);
  preferences.toggleTheme();
  assert.deepEqual([preferences.theme, preferences.isLight], ['light', true]);
  const light = new SystemTheme();
  light.matches = true;
  assert.equal(new Preferences(new MemoryTexts(), light).isLight, true);
});

test('opacity goes in whole steps and ends at its ends', () => {
  const preferences = new Preferences(new MemoryTexts(), new SystemTheme());
  for (let step = 0; step < 3; step++) preferences.changeOpacity(0.05);
  assert.equal(preferences.opacity, 1);
  preferences.changeOpacity(0.05);
  assert.equal(preferences.opacity, 1);
  preferences.changeOpacity(-0.3);
  assert.equal(preferences.opacity, 0.7);
  preferences.changeOpacity(-2);
  assert.equal(preferences.opacity, 0);
});

test('the page keeps every change', async (t) => {
  const { kept, preferences, panes } = await startViewer(t);
  preferences.changeOpacity(-0.05);
  panes.arrange('two');
  flushSync();
  assert.equal(JSON.parse(kept.getItem(KEY) ?? '').opacity, 0.8);
  assert.equal(JSON.parse(kept.getItem('roadgaze.panes') ?? '').layout, 'two');
});
