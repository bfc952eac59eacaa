import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageInput, refuseOtherInputs } from '../../server/inference/explained-output.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';
import { randomFloats, runNetwork } from '../support/onnx-runtime.ts';

function small() {
  const network = new Network({ name: 'small.onnx' });
  network.steering(network.input('picture', ['N', 1, 4, 5]), 20);
  return network;
}

test('a network written by a newer ONNX than ONNX Runtime reads is refused with both versions', async () => {
  const model = (irVersion: number) => writeModel({ ...small().model(['steering']), irVersion });
  assert.throws(
    () => readModel(model(99), 'new.onnx'),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'MODEL_UNREADABLE' &&
      /version 99 of the ONNX file format/.test(error.message),
  );
  assert.doesNotThrow(() => readModel(model(13), 'new.onnx'));
  await assert.doesNotReject(
    runNetwork(model(13), { picture: randomFloats([1, 1, 4, 5]) }),
    'ONNX Runtime still reads the newest',
  );
  await assert.rejects(
    runNetwork(model(14), { picture: randomFloats([1, 1, 4, 5]) }),
    'and nothing newer',
  );
});

test('a network that needs more than the picture is refused by the name of what it needs', () => {
  const network = small();
  network.input('keep_prob', []);
  const model = network.model(['steering']);
  assert.throws(
    () => refuseOtherInputs(model, imageInput(model, null)),
    (error) =>
      error instanceof RoadgazeError &&
      error.code === 'MODEL_INPUT_UNCLEAR' &&
      /"keep_prob" \[\] beside its picture "picture"/.test(error.message) &&
      /"inputs": \{ "keep_prob": \{ "constant": 1 \} \}/.test(error.hint),
  );
  const plain = small().model(['steering']);
  assert.doesNotThrow(() => refuseOtherInputs(plain, imageInput(plain, null)));
});
