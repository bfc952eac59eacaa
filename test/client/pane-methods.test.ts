import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  comparedPanes,
  DEFAULT_METHODS,
  isRealTime,
  KEYED_METHODS,
  methodName,
  paneColumns,
  paneMethods,
  streamedMethods,
  withMethod,
  withTarget,
} from '../../client/data/pane-methods.ts';
import { describeMethod } from '../../shared/methods.ts';

test('each real-time method is streamed once, in the order of the panes', () => {
  assert.deepEqual(streamedMethods(['gradient', 'visualbackprop', 'gradient', 'occlusion']), [
    'gradient',
    'visualbackprop',
  ]);
});

test('where only slow methods are shown, one is streamed all the same', () => {
  const streamed = streamedMethods(['occlusion', 'lime']);
  assert.equal(streamed.length, 1);
  assert.ok(isRealTime(streamed[0] ?? ''));
});

test('the way of steering stays with another method where that tells them apart, and is part of the name', () => {
  assert.equal(withMethod('gradcam:-', 'occlusion'), 'occlusion:-');
  assert.equal(withMethod('gradcam:-', 'visualbackprop'), 'visualbackprop');
  assert.equal(withTarget('gradcam', 'abs'), 'gradcam:abs');
  assert.equal(withTarget('gradcam:abs', '+'), 'gradcam');
  assert.equal(withTarget('gradient', '-'), 'gradient');
  assert.deepEqual(['gradcam', 'gradcam:-', 'occlusion:abs'].map(methodName), [
    'Grad-CAM',
    'Grad-CAM −',
    'Occlusion ±',
  ]);
  assert.deepEqual(streamedMethods(['gradcam', 'gradcam:-', 'occlusion:-', 'gradcam:-']), [
    'gradcam',
    'gradcam:-',
  ]);
});

test('agreement is between the panes of the first two streamed methods', () => {
  assert.deepEqual(comparedPanes(['visualbackprop', 'gradient', 'gradcam']), ['A', 'B']);
  assert.deepEqual(comparedPanes(['visualbackprop', 'occlusion', 'gradcam']), ['A', 'C']);
  assert.deepEqual(comparedPanes(['gradient', 'gradient', 'gradient', 'gradcam']), ['A', 'D']);
  assert.equal(comparedPanes(['gradient', 'gradient']), null);
  assert.equal(comparedPanes(['gradient', 'occlusion']), null);
});

test('of methods that were kept, only known ones come back', () => {
  assert.deepEqual(paneMethods(['gradient', 'phrenology', 3]), [
    'gradient',
    ...DEFAULT_METHODS.slice(1),
  ]);
  assert.deepEqual(paneMethods([]), DEFAULT_METHODS);
  assert.deepEqual(paneMethods(['gradcam:-', 'saliency:abs', 'gradcam:up']), [
    'gradcam:-',
    'saliency',
    ...DEFAULT_METHODS.slice(2),
  ]);
});

test('every method of a pane and of a key exists, and no key is left without one', () => {
  for (const id of [...DEFAULT_METHODS, ...KEYED_METHODS]) assert.ok(describeMethod(id), id);
  assert.equal(new Set(KEYED_METHODS).size, 9);
});

test('four panes lie so that their pictures are largest, two always side by side', () => {
  const aspect = 16 / 9;
  assert.equal(paneColumns(1, { width: 1000, height: 100 }, aspect, 30), 1);
  assert.equal(paneColumns(2, { width: 300, height: 900 }, aspect, 30), 2);
  assert.equal(paneColumns(4, { width: 1000, height: 600 }, aspect, 30), 2);
  assert.equal(paneColumns(4, { width: 1033, height: 322 }, aspect, 30), 4);
});
