import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { iterativeMethods } from '../../server/explain/iterative/methods.ts';
import { compiledMethods } from '../../server/explain/methods.ts';
import { METHODS } from '../../shared/methods.ts';
import { repositoryRoot } from '../support/paths.ts';

/**
 * Where each method is held against something that does not share its code: published maps, or a
 * slow version of its own.
 */
const referenceTests: Readonly<Record<string, readonly string[]>> = {
  visualbackprop: ['reference/compiled-methods.test.ts', 'explain/chain.ts'],
  gradient: ['reference/compiled-methods.test.ts', 'explain/backward/slow-methods.test.ts'],
  saliency: ['reference/compiled-methods.test.ts', 'explain/gradient-family.test.ts'],
  inputxgradient: ['reference/compiled-methods.test.ts', 'explain/gradient-family.test.ts'],
  guidedbackprop: ['reference/compiled-methods.test.ts', 'explain/backward/slow-methods.test.ts'],
  deconvnet: ['reference/compiled-methods.test.ts', 'explain/backward/slow-methods.test.ts'],
  fullgrad: ['explain/fullgrad.test.ts'],
  gradcam: ['reference/compiled-methods.test.ts', 'explain/class-activation.test.ts'],
  gradcampp: ['reference/compiled-methods.test.ts', 'explain/class-activation.test.ts'],
  hirescam: ['reference/compiled-methods.test.ts', 'explain/class-activation.test.ts'],
  layercam: ['reference/compiled-methods.test.ts', 'explain/class-activation.test.ts'],
  eigencam: ['reference/compiled-methods.test.ts', 'explain/class-activation.test.ts'],
  'guided-gradcam': ['explain/class-activation.test.ts'],
  cam: ['explain/class-activation.test.ts'],
  'lrp-epsilon': ['reference/compiled-methods.test.ts', 'explain/backward/slow-methods.test.ts'],
  'lrp-epsilon-plus': [
    'reference/compiled-methods.test.ts',
    'explain/backward/slow-methods.test.ts',
  ],
  'lrp-alpha2-beta1': [
    'reference/compiled-methods.test.ts',
    'explain/backward/slow-methods.test.ts',
  ],
  'lrp-epsilon-gamma-box': [
    'reference/compiled-methods.test.ts',
    'explain/backward/slow-methods.test.ts',
  ],
  attnlrp: ['explain/attention/attention.test.ts'],
  'attention-rollout': ['explain/attention/attention.test.ts'],
  integratedgradients: ['reference/iterative-methods.test.ts'],
  occlusion: ['reference/iterative-methods.test.ts'],
  smoothgrad: ['explain/iterative/gradient-means.test.ts'],
  lime: ['explain/iterative/lime.test.ts'],
  rise: ['explain/iterative/rise.test.ts'],
  ascent: ['explain/iterative/ascent.test.ts'],
  segmentation: ['explain/iterative/segmentation.test.ts'],
};

const registered = [...compiledMethods, ...iterativeMethods];

test('every registered method has a card that says what it shows, what it hides, and where it was published', () => {
  for (const { id } of registered) {
    const card = METHODS.find((method) => method.id === id);
    assert.ok(card, `${id} has no card in shared/methods.ts`);
    for (const field of ['name', 'shows', 'hides', 'paper'] as const)
      assert.ok(card[field].length > 2, `${id} has no ${field}`);
    assert.match(card.link, /^https:\/\//, `${id} has no link to its paper`);
    assert.equal(
      card.realTime,
      compiledMethods.some((method) => method.id === id),
      `${id}: what its card says of real time`,
    );
  }
});

test('every card belongs to a registered method, and no id is used twice', () => {
  assert.deepEqual(METHODS.map(({ id }) => id).sort(), registered.map(({ id }) => id).sort());
  assert.equal(new Set(METHODS.map(({ id }) => id)).size, METHODS.length);
});

test('every registered method is held against a reference', () => {
  for (const { id } of registered) {
    const files = referenceTests[id] ?? [];
    assert.notEqual(files.length, 0, `${id} has no reference test`);
    for (const file of files) {
      const path = join(repositoryRoot, 'test', file);
      assert.ok(
        existsSync(path),
        `${file}, which should hold ${id} against a reference, is not there`,
      );
      // The tests of published maps take their methods from the registry.
      if (!file.startsWith('reference/'))
        assert.ok(readFileSync(path, 'utf8').includes(id), `${file} does not mention ${id}`);
    }
  }
});

test('every option says what it is for and has a fallback that it takes itself', () => {
  for (const { id, options } of registered) {
    for (const option of options) {
      assert.ok(option.about.length > 5, `${id}: ${option.name}`);
      if (option.kind === 'choice')
        assert.ok(option.choices.includes(option.fallback), `${id}: ${option.name}`);
      else
        assert.ok(
          option.fallback >= (option.least ?? -Infinity) &&
            option.fallback <= (option.most ?? Infinity),
          `${id}: ${option.name}`,
        );
    }
  }
});
