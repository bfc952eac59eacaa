// Runs a network as the product does: raw float32 input batches on stdin, raw float32 outputs on stdout.
// Usage: run-onnx.mjs MODEL.onnx CHANNELS HEIGHT WIDTH
import ort from 'onnxruntime-node';

const [model, ...dimensions] = process.argv.slice(2);
const shape = dimensions.map(Number);
const sampleBytes = 4 * shape.reduce((product, size) => product * size, 1);
const batchSize = 32;

const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const [inputName] = session.inputNames;
const [outputName] = session.outputNames;

/** `bytes` holds whole samples; copied, because a chunk of a stream need not start on a multiple of four. */
async function run(bytes) {
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  const image = new ort.Tensor('float32', values, [bytes.length / sampleBytes, ...shape]);
  const { data } = (await session.run({ [inputName]: image }))[outputName];
  const output = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (!process.stdout.write(output))
    await new Promise((resolve) => process.stdout.once('drain', resolve));
}

let pending = [];
let pendingBytes = 0;
for await (const chunk of process.stdin) {
  pending.push(chunk);
  pendingBytes += chunk.length;
  if (pendingBytes < batchSize * sampleBytes) continue;
  const joined = Buffer.concat(pending);
  const whole = joined.length - (joined.length % sampleBytes);
  await run(joined.subarray(0, whole));
  pending = [joined.subarray(whole)];
  pendingBytes = joined.length - whole;
}
if (pendingBytes > 0) await run(Buffer.concat(pending));
