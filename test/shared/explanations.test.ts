import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeExplanation,
  explanationName,
  explanationOf,
  isEmptyWhereDead,
  TARGETS,
} from '../../shared/explanations.ts';
import { METHODS } from '../../shared/methods.ts';

test('the name of an explanation stands for its method and target, and for + is the name of the method', () => {
  for (const { id: method } of METHODS) {
    assert.equal(explanationName({ method, target: '+' }), method);
    for (const target of TARGETS)
      assert.deepEqual(explanationOf(explanationName({ method, target })), { method, target });
  }
  assert.equal(explanationName({ method: 'gradcam', target: 'abs' }), 'gradcam:abs');
  assert.equal(describeExplanation('occlusion:-')?.name, 'Occlusion');
});

test('maps that show one way of steering only do not tell a dead network', () => {
  for (const name of ['visualbackprop', 'gradient', 'lrp-epsilon-plus', 'cam', 'occlusion:-'])
    assert.ok(isEmptyWhereDead(name), name);
  for (const name of ['gradcam', 'gradcampp:abs', 'guidedbackprop:-'])
    assert.ok(!isEmptyWhereDead(name), name);
});

test('what is not the name of an explanation is nothing that is known', () => {
  for (const name of [
    '',
    ':-',
    ':',
    'gradcam:',
    'gradcam:+',
    'gradcam:up',
    'gradcam:-:-',
    'gradcam :-',
  ])
    assert.equal(describeExplanation(name), null, name);
});
