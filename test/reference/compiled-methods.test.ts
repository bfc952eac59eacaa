import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { compiledMethods } from '../../server/explain/methods.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { floats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import {
  networkPath,
  referenceNetworks,
  samplesOf,
  stored,
  toleranceOf,
} from './published-maps.ts';

/** Published under names of their own: maps of layers before the deepest one. */
const OF_LAYERS = [
  { map: 'hirescam-layer5', choice: { id: 'hirescam', options: { layer: 5 } } },
  { map: 'layercam-layer5', choice: { id: 'layercam', options: { layer: 5 } } },
];

for (const name of new Set(['nethvf', 'pilotnet-elu', ...referenceNetworks])) {
  const skip = referenceNetworks.includes(name) ? false : 'the shared references are not here';
  for (const { map: id, choice } of [
    ...compiledMethods.map(({ id }) => ({ map: id, choice: { id } })),
    ...OF_LAYERS,
  ]) {
    test(
      `the compiled ${name} gives the published ${id} maps and the network's steering`,
      { skip },
      async (t) => {
        const samples = (await samplesOf(name)).filter((sample) => sample.maps[id]);
        if (samples.length === 0) return t.skip(`nobody published ${id} of ${name}`);
        const network = await loadNetwork(networkPath(name), 'steering');
        const compiled = compile(network.model, [choice], subjectOf(network.sidecar));
        for (const sample of samples) {
          const map = sample.maps[id]!;
          const outputs = await runNetwork(compiled, {
            image: floats(sample.input.shape, await stored(name, sample.input)),
          });
          assert.deepEqual(outputs['explanation']!.dims, map.shape);
          const error = relativeError(outputs['explanation']!.data, await stored(name, map));
          assert.ok(
            error <= toleranceOf(id),
            `sample ${sample.id}: the map differs by ${error} of its largest value from ${map.source}`,
          );
          const steering = outputs['steering']!.data[0]!;
          assert.ok(
            Math.abs(steering - sample.steering) <=
              1e-4 * Math.max(1e-3, Math.abs(sample.steering)),
            `sample ${sample.id}: steering ${steering}, published ${sample.steering}`,
          );
        }
      },
    );
  }

  test(
    `all methods compiled into one ${name} give the published maps from one forward pass`,
    { skip },
    async () => {
      const network = await loadNetwork(networkPath(name), 'steering');
      const [sample] = await samplesOf(name);
      const ids = compiledMethods.map(({ id }) => id).filter((id) => sample!.maps[id]);
      const outputs = await runNetwork(
        compile(
          network.model,
          ids.map((id) => ({ id })),
          subjectOf(network.sidecar),
        ),
        { image: floats(sample!.input.shape, await stored(name, sample!.input)) },
      );
      for (const id of ids) {
        const error = relativeError(
          outputs[`explanation_${id}`]!.data,
          await stored(name, sample!.maps[id]!),
        );
        assert.ok(error <= toleranceOf(id), `${id} differs by ${error} of its largest value`);
      }
    },
  );
}
