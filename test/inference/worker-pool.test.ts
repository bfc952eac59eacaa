import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { startOnBestProvider } from '../../server/inference/choose-provider.ts';
import { batchOf } from '../../server/inference/batches.ts';
import { withLargeModelsInFiles } from '../../server/inference/large-models.ts';
import type { SessionChain } from '../../server/inference/session-chain.ts';
import { WorkerPool } from '../../server/inference/worker-pool.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { Network } from '../support/network.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

const run = promisify(execFile);

/**
 * A program in a file: workers inherit options of the command line, and one that tells where code
 * comes from would mislead them.
 */
function programFile(t: TestContext, program: string): string {
  const path = join(temporaryFolder(t), 'program.mjs');
  writeFileSync(path, program);
  return path;
}

/** y = 2·x on four bytes, as float. */
function doubling(): SessionChain {
  const network = new Network();
  const x = network.node('Cast', [network.input('x', ['N', 4], 2)], { to: 1 });
  network.node('Add', [x, x], {}, 'y');
  const model = network.bytes([{ name: 'y', type: 1, shape: ['N', 4] }]);
  return {
    links: [
      { model, source: 'doubling', feeds: [{ name: 'x', from: 'call', input: 0, dims: [4] }] },
    ],
    results: [{ link: 0, output: 'y' }],
    inputBytes: [4],
  };
}

test('every frame gets its own result, however frames are put together', async () => {
  const pool = await WorkerPool.start(
    { chain: doubling(), provider: 'cpu', threads: 1, maxBatch: 8 },
    2,
  );
  try {
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, frame) =>
        pool.run([Uint8Array.of(frame, 1, 2, 3)], frame % 7 === 0),
      ),
    );
    results.forEach(([y], frame) => assert.deepEqual([...y!], [2 * frame, 2, 4, 6]));
  } finally {
    await pool.close();
  }
});

test('batches for a GPU come in powers of two, those for the CPU in any size', () => {
  const sizes = (provider: 'cuda' | 'cpu', maxBatch: number) =>
    [1, 2, 3, 5, 7, 8, 20].map((waiting) => batchOf(waiting, { provider, maxBatch }));
  assert.deepEqual(sizes('cuda', 8), [1, 2, 2, 4, 4, 8, 8]);
  assert.deepEqual(sizes('cpu', 4), [1, 2, 3, 4, 4, 4, 4]);
  assert.deepEqual(sizes('cuda', 1), [1, 1, 1, 1, 1, 1, 1]);
});

test('an urgent frame overtakes those that wait', async () => {
  const pool = await WorkerPool.start(
    { chain: doubling(), provider: 'cpu', threads: 1, maxBatch: 4 },
    1,
  );
  try {
    const order: string[] = [];
    const note = (name: string) => () => {
      order.push(name);
    };
    const waiting = Array.from({ length: 40 }, (_, frame) =>
      pool.run([Uint8Array.of(0, 0, 0, 0)], false).then(note(String(frame))),
    );
    await Promise.all([
      ...waiting,
      pool.run([Uint8Array.of(0, 0, 0, 0)], true).then(note('urgent')),
    ]);
    assert.ok(order.indexOf('urgent') < 10, `it came after ${order.indexOf('urgent')} others`);
  } finally {
    await pool.close();
  }
});

test('frames that wait when inference is stopped fail by name, and later ones at once', async () => {
  const pool = await WorkerPool.start(
    { chain: doubling(), provider: 'cpu', threads: 1, maxBatch: 1 },
    1,
  );
  const waiting = Array.from({ length: 20 }, () =>
    pool.run([Uint8Array.of(1, 1, 1, 1)], false).then(
      () => 'done',
      (error: { code: string }) => error.code,
    ),
  );
  await pool.close();
  assert.ok((await Promise.all(waiting)).includes('INFERENCE_FAILED'));
  await assert.rejects(pool.run([Uint8Array.of(1, 1, 1, 1)], false), { code: 'INFERENCE_FAILED' });
});

/** Of a picture of zeros it is computed, of others not. */
const failing: Readonly<Record<string, (network: Network, counts: string) => string>> = {
  'ONNX Runtime cannot compute it for this picture': (network, counts) =>
    network.node('Gather', [network.floats([4]), counts], { axis: 0 }),
  'there is not enough memory for it': (network, counts) =>
    network.node('Add', [
      network.node('Cast', [counts], { to: 1 }),
      network.node(
        'ReduceSum',
        [
          network.node('ConstantOfShape', [
            network.node('Reshape', [
              network.node('Mul', [
                network.node('ReduceMax', [counts], { keepdims: 1 }),
                network.ints(2 ** 42),
              ]),
              network.ints(1),
            ]),
          ]),
        ],
        { keepdims: 0 },
      ),
    ]),
};

for (const [reason, head] of Object.entries(failing)) {
  test(`a picture for which the network fails is told in plain words, and the next one is answered: ${reason}`, async () => {
    const network = new Network();
    const counts = network.node('Cast', [network.input('x', ['N', 4], 2)], { to: 7 });
    network.node('Identity', [head(network, counts)], {}, 'y');
    const model = network.bytes([{ name: 'y', type: 1, shape: ['N', 4] }]);
    const chain = {
      ...doubling(),
      links: [{ ...doubling().links[0]!, model, source: 'failing.onnx' }],
    };
    const pool = await WorkerPool.start({ chain, provider: 'cpu', threads: 1, maxBatch: 1 }, 1);
    try {
      await assert.rejects(pool.run([Uint8Array.of(0, 0, 0, 200)], true), {
        code: 'INFERENCE_FAILED',
        message: `Running the network failed: ${reason}.`,
        hint: 'Open it again, with fewer methods where memory is short; with ROADGAZE_DEBUG=1 you see what ONNX Runtime says.',
      });
      assert.equal((await pool.run([Uint8Array.of(0, 0, 0, 0)], true))[0]!.length, 4);
    } finally {
      await pool.close();
    }
  });
}

test('a graph too large to be made faster first gives the same answer', async () => {
  const chain = doubling();
  const pool = await WorkerPool.start(
    {
      chain: { ...chain, links: chain.links.map((link) => ({ ...link, nodes: 10_000 })) },
      provider: 'cpu',
      threads: 1,
      maxBatch: 1,
    },
    1,
  );
  try {
    assert.deepEqual([...(await pool.run([Uint8Array.of(1, 2, 3, 4)], true))[0]!], [2, 4, 6, 8]);
  } finally {
    await pool.close();
  }
});

test('a model that ONNX Runtime refuses is named with its reason', async () => {
  const chain = doubling();
  const broken = {
    ...chain,
    links: [{ ...chain.links[0]!, model: Uint8Array.of(1, 2, 3), source: 'broken.onnx' }],
  };
  await assert.rejects(
    WorkerPool.start({ chain: broken, provider: 'cpu', threads: 1, maxBatch: 1 }, 2),
    { code: 'INFERENCE_FAILED', message: /does not run broken\.onnx/ },
  );
});

test('a process that stops in the middle of inference ends cleanly', async (t) => {
  const model = writeSteeringNetwork(temporaryFolder(t), { height: 240, width: 480 });
  const program = `
    import { openStreamExplainer } from ${JSON.stringify(join(repositoryRoot, 'dist/node/server/pipeline/open-stream-explainer.js'))};
    const explainer = await openStreamExplainer({ modelPath: ${JSON.stringify(model)}, road: { kind: 'none' }, video: { width: 960, height: 540, colorSpace: 'unknown' }, wish: { provider: 'cpu', workers: 2 } });
    const running = Array.from({ length: 64 }, () => explainer.explain([new Uint8Array(240 * 480)], 0).catch(() => {}));
    await new Promise(setImmediate);
    await explainer.close();
    await Promise.all(running);
    console.log('closed');`;
  const { stdout } = await run(process.execPath, [programFile(t, program)]);
  assert.equal(stdout, 'closed\n');
});

test(
  'a provider that was asked for and does not load is an error, not a fall to another',
  { skip: existsSync('/proc/driver/nvidia') ? 'this machine has CUDA' : false },
  async () => {
    await assert.rejects(startOnBestProvider(doubling(), false, { provider: 'cuda', workers: 1 }), {
      code: 'PROVIDER_UNAVAILABLE',
      message: /cuda does not load here/,
    });
  },
);

test('a large model goes to its workers as a file, which is gone when they have it', async () => {
  const chain = doubling();
  let path = '';
  const pool = await withLargeModelsInFiles(
    chain,
    (given) => {
      path = given.links[0]!.model as string;
      assert.ok(readFileSync(path).equals(chain.links[0]!.model as Uint8Array));
      return WorkerPool.start({ chain: given, provider: 'cpu', threads: 1, maxBatch: 8 }, 2);
    },
    10,
  );
  try {
    assert.equal(existsSync(dirname(path)), false);
    const [y] = await pool.run([Uint8Array.of(7, 1, 2, 3)], true);
    assert.deepEqual([...y!], [14, 2, 4, 6]);
  } finally {
    await pool.close();
  }
  const models = await withLargeModelsInFiles(chain, async ({ links }) => links[0]!.model, 1e6);
  assert.equal(models, chain.links[0]!.model, 'a small one goes as it is');
});

test('left to choose, inference runs and says why every other provider was passed over', async () => {
  const { pool, provider, passedOver } = await startOnBestProvider(doubling(), false, {
    provider: 'auto',
    workers: 1,
  });
  await pool.close();
  const rest = (['cuda', 'webgpu'] as const).filter((name) => name !== provider);
  if (provider === 'cpu')
    assert.deepEqual(
      passedOver.map((line) => line.split(':')[0]),
      rest,
    );
  assert.ok(passedOver.every((line) => /^\w+: .+/.test(line)));
});

/** Chromium's software Vulkan driver: slow, but it runs the GPU path on any machine. */
const softwareVulkan = '/usr/lib/chromium/vk_swiftshader_icd.json';
const hasVulkan =
  existsSync(softwareVulkan) &&
  ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'].some((folder) =>
    existsSync(join(folder, 'libvulkan.so.1')),
  );

test(
  'WebGPU gives the steering and the mask that the CPU gives',
  {
    skip: hasVulkan ? false : 'no software Vulkan driver (chromium and libvulkan1) on this machine',
  },
  async (t) => {
    const model = writeSteeringNetwork(temporaryFolder(t));
    const program = `
    import { openStreamExplainer } from ${JSON.stringify(join(repositoryRoot, 'dist/node/server/pipeline/open-stream-explainer.js'))};
    const frame = () => [Uint8Array.from({ length: 24 * 48 }, (_, pixel) => 128 + 100 * Math.sin(pixel / 5))];
    const found = {};
    for (const provider of ['cpu', 'webgpu']) {
      const explainer = await openStreamExplainer({ modelPath: ${JSON.stringify(model)}, road: { kind: 'polygon', points: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]] }, video: { width: 960, height: 540, colorSpace: 'unknown' }, wish: { provider, workers: 1 } });
      const { steering, masks, scores } = await explainer.explain(frame(), 0);
      // Batches of 8, 4 and 1, of frames that differ.
      const several = await Promise.all(Array.from({ length: 13 }, (_, number) => explainer.explain([frame()[0].map((value) => Math.max(0, value - number * 9))], 0)));
      found[provider] = { steering, several: several.map(({ steering }) => steering), onRoad: scores[0].onRoad, mask: [...masks[0]] };
      await explainer.close();
    }
    console.log(JSON.stringify(found));`;
    const { stdout } = await run(process.execPath, [programFile(t, program)], {
      env: { ...process.env, VK_ICD_FILENAMES: softwareVulkan },
      maxBuffer: 1 << 24,
    });
    const { cpu, webgpu } = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<
      'cpu' | 'webgpu',
      { steering: number; several: number[]; onRoad: number; mask: number[] }
    >;
    assert.ok(
      Math.abs(webgpu.steering - cpu.steering) <= 1e-4 * Math.max(1, Math.abs(cpu.steering)),
    );
    assert.ok(new Set(cpu.several).size > 10);
    cpu.several.forEach((steering, number) =>
      assert.ok(
        Math.abs(webgpu.several[number]! - steering) <= 1e-4 * Math.max(1, Math.abs(steering)),
        `frame ${number}`,
      ),
    );
    assert.ok(Math.abs(webgpu.onRoad - cpu.onRoad) < 1e-4);
    assert.ok(cpu.mask.some((value) => value === 255));
    assert.ok(webgpu.mask.every((value, pixel) => Math.abs(value - cpu.mask[pixel]!) <= 1));
  },
);

test('a frame explained twice is explained alike', async (t) => {
  const explainer = await openStreamExplainer({
    modelPath: writeSteeringNetwork(temporaryFolder(t)),
    road: { kind: 'none' },
    video: { width: 960, height: 540, colorSpace: 'unknown' },
    wish: { provider: 'cpu', workers: 2 },
  });
  try {
    const frame = () => [Uint8Array.from({ length: 24 * 48 }, (_, pixel) => pixel % 251)];
    const [first, ...others] = await Promise.all(
      Array.from({ length: 12 }, () => explainer.explain(frame(), 0)),
    );
    assert.equal(first!.scores[0]!.onRoad, null);
    for (const other of others) assert.deepEqual(other, first);
  } finally {
    await explainer.close();
  }
});

test('workers and batches are kept to the memory there is before any of them starts', async () => {
  const plain = doubling();
  const chain: SessionChain = {
    ...plain,
    links: plain.links.map((link) => ({ ...link, demand: { perPicture: 100e6, once: 0 } })),
  };
  const started = async (room: number) => {
    const { pool, workers } = await startOnBestProvider(
      chain,
      false,
      { provider: 'cpu', workers: 2 },
      room,
    );
    await pool.close();
    return { workers, maxBatch: pool.maxBatch };
  };
  assert.deepEqual(await started(800e6), { workers: 2, maxBatch: 4 });
  assert.deepEqual(await started(500e6), { workers: 2, maxBatch: 2 });
  assert.deepEqual(await started(250e6), { workers: 2, maxBatch: 1 });
  assert.deepEqual(await started(150e6), { workers: 1, maxBatch: 1 });
  await assert.rejects(started(90e6), {
    code: 'MODEL_SHAPE',
    message:
      'doubling takes 100 MB of memory to explain one picture; the limit is 90 MB, from what is free on this machine.',
  });
  await assert.rejects(
    startOnBestProvider({ ...chain, batch: 8 }, false, { provider: 'cpu', workers: 1 }, 500e6),
    { code: 'MODEL_SHAPE', message: /takes 800 MB of memory to explain 8 pictures at once/ },
  );
});

test('what networks will take that are being started is not free for another one', async () => {
  const plain = doubling();
  // A quarter of what is free: half of it may be taken, and beside three of them hardly any is left.
  const chain: SessionChain = {
    ...plain,
    links: plain.links.map((link) => ({
      ...link,
      demand: { perPicture: process.availableMemory() / 4, once: 0 },
    })),
  };
  const start = () => startOnBestProvider(chain, true, { provider: 'cpu', workers: 1 });
  const ended = await Promise.allSettled(Array.from({ length: 5 }, start));
  const codes: unknown[] = [];
  for (const each of ended) {
    if (each.status === 'fulfilled') await each.value.pool.close();
    else codes.push((each.reason as { code?: unknown }).code);
  }
  assert.ok(codes.length >= 2 && codes.length < 5, `${codes.length} of 5 were refused`);
  assert.ok(codes.every((code) => code === 'MODEL_SHAPE'));
  const { pool } = await start();
  await pool.close();
});

test(
  'the threads of inference give way to the one that serves',
  { skip: process.platform !== 'linux' && 'threads have a niceness of their own on Linux only' },
  async () => {
    const niceness = () =>
      readdirSync('/proc/self/task').map((thread) => getPriority(Number(thread)));
    const [own, before] = [getPriority(), niceness()];
    assert.ok(before.every((each) => each === own));
    const pool = await WorkerPool.start(
      { chain: doubling(), provider: 'cpu', threads: 1, maxBatch: 1 },
      1,
    );
    assert.ok(niceness().includes(Math.min(19, own + 5)));
    assert.equal(getPriority(), own);
    await pool.close();
  },
);
