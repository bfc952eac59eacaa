import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import zstd from '@foxglove/wasm-zstd';
import { McapIndexedReader } from '@mcap/core';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import { writeFolder } from '../../server/conversion/movie/write-folder.ts';
import { writeMcap } from '../../server/conversion/mcap/write-mcap.ts';
import type { Converted } from '../../server/conversion/convert.ts';
import type { DriveLog } from '../../server/drive/log/drive-log.ts';
import type { DriveSource } from '../../server/drive/source.ts';
import { readParquet } from '../../server/drive/log/parquet/read-parquet.ts';
import { openDriveAt, shownBy } from '../drive/support/picture-folders.ts';
import {
  ffprobeFrameTimes,
  makeNumberedClip,
  makeSampleClip,
  type NumberedClip,
} from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { roadgaze } from '../support/warm-cli.ts';

const main = join(repositoryRoot, 'dist/node/server/cli/main.js');

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const LOG: DriveLog = {
  times: Float64Array.of(-0.25, 0.1, 0.2, 0.9),
  steering: Float64Array.of(0.1, -0.2, NaN, 0.4),
  angleOf: 'wheel',
  ratio: { value: 15.5, from: 'of the log' },
  speed: Float64Array.of(3, 4, 5),
  speedTimes: Float64Array.of(0, 0.15, 0.3),
  extra: [
    { name: 'pts', unit: null, values: Float64Array.of(1, 2, 3, 4) },
    { name: 'brake', unit: 'bar', times: Float64Array.of(0.1), values: Float64Array.of(7) },
    { name: 'state[0]', unit: null, values: Float64Array.of(1, 1, 2, 2) },
    { name: 'empty', unit: null, values: new Float64Array(4).fill(NaN) },
  ],
  assumptions: [],
};

async function converted(
  t: TestContext,
  write: typeof writeMcap,
  path: string,
  output: string,
): Promise<Converted> {
  const { source } = await openDriveAt(path);
  t.after(() => source.close());
  return write({ drives: [source], log: LOG, output, crf: 18 });
}

interface Message {
  readonly topic: string;
  readonly schema: string;
  readonly logTime: bigint;
  readonly value: Readonly<Record<string, unknown>> & {
    readonly timestamp: { readonly seconds: number; readonly nanos: number };
  };
}

/** By the descriptions in the file alone. */
async function messagesIn(path: string): Promise<Message[]> {
  const bytes = readFileSync(path);
  await zstd.isLoaded;
  const reader = await McapIndexedReader.Initialize({
    readable: {
      size: async () => BigInt(bytes.length),
      read: async (offset, length) => bytes.subarray(Number(offset), Number(offset + length)),
    },
    decompressHandlers: { zstd: (packed, size) => zstd.decompress(packed, Number(size)) },
  });
  const found: Message[] = [];
  for await (const { channelId, logTime, publishTime, data } of reader.readMessages()) {
    const { topic, schemaId, messageEncoding } = reader.channelsById.get(channelId)!;
    const schema = reader.schemasById.get(schemaId)!;
    assert.deepEqual([messageEncoding, schema.encoding], ['protobuf', 'protobuf']);
    assert.equal(publishTime, logTime);
    const type = protobuf.Root.fromDescriptor(schema.data).lookupType(schema.name);
    const value = type.toObject(type.decode(data), { longs: Number, defaults: true });
    found.push({ topic, schema: schema.name, logTime, value: value as Message['value'] });
  }
  return found;
}

const instantOf = ({ value: { timestamp } }: Message): bigint =>
  BigInt(timestamp.seconds) * 1_000_000_000n + BigInt(timestamp.nanos);

for (const [what, form, isCopied] of [
  ['is copied without B-frames', { keyframes: 5 }, true],
  ['is encoded anew with B-frames', { keyframes: 5, bFrames: 2 }, false],
] as readonly (readonly [string, NumberedClip, boolean])[])
  test(`H.264 in an MCAP file ${what}, at the video's times to the nanosecond`, async (t) => {
    const folder = temporaryFolder(t);
    const clip = await makeNumberedClip(join(folder, 'drive.mp4'), {
      frames: 14,
      fps: 30,
      size: [320, 80],
      ...form,
    });
    const output = join(folder, 'out.mcap');
    const { cameras, signals } = await converted(t, writeMcap, clip, output);
    assert.deepEqual(cameras, [{ id: 'video', pictures: 14, codec: 'h264', isCopied }]);
    assert.deepEqual(signals, ['steering', 'speed', 'pts', 'brake', 'state[0]']);
    assert.deepEqual(readdirSync(folder).sort(), ['drive.mp4', 'out.mcap']);

    const messages = await messagesIn(output);
    const videos = messages.filter(({ topic }) => topic === '/camera/video');
    // The log begins a quarter of a second before zero, so all is moved by a whole second.
    const nanoseconds = (seconds: number): bigint => BigInt(Math.round((1 + seconds) * 1e9));
    assert.deepEqual(
      videos.map(instantOf),
      numbers(14).map((i) => nanoseconds(i / 30)),
    );
    assert.ok(messages.every((message) => message.logTime === instantOf(message)));
    assert.ok(
      videos.every(
        ({ schema, value }) => schema === 'foxglove.CompressedVideo' && value['format'] === 'h264',
      ),
    );
    const keys = videos.flatMap(({ value }, i) => {
      const types = nalTypes(value['data'] as Uint8Array);
      assert.equal(types.includes(5), types.includes(7) && types.includes(8), `sets of ${i}`);
      return types.includes(5) ? [i] : [];
    });
    assert.equal(keys[0], 0);
    if (isCopied) assert.deepEqual(keys, [0, 5, 10]);

    const of = (topic: string) => messages.filter((message) => message.topic === topic);
    assert.deepEqual(
      of('/steering').map(({ schema, logTime, value }) => [
        schema,
        logTime,
        value['angle_rad'],
        value['share'],
      ]),
      [-0.25, 0.1, 0.2, 0.9].map((time, i) => [
        'roadgaze.Steering',
        nanoseconds(time),
        [0.1, -0.2, NaN, 0.4][i],
        NaN,
      ]),
    );
    assert.deepEqual(
      of('/speed').map(({ logTime, value }) => [logTime, value['speed_mps']]),
      [
        [nanoseconds(0), 3],
        [nanoseconds(0.15), 4],
        [nanoseconds(0.3), 5],
      ],
    );
    assert.deepEqual(
      of('/signals/brake').map(({ value }) => value['value']),
      [7],
    );

    const { source } = await openDriveAt(output);
    t.after(() => source.close());
    const shown = await shownBy(source);
    assert.deepEqual(shown.numbers, numbers(14));
    const log = (await source.log({}))!;
    assert.deepEqual([...log.steering!], [0.1, -0.2, NaN, 0.4]);
    assert.deepEqual([log.angleOf, log.ratio?.value], ['wheel', 15.5]);
    assert.ok([...log.times].every((time, i) => Math.abs(time - LOG.times[i]!) < 1e-9));
    assert.deepEqual([...log.speed!], [3, 4, 5]);
    const { name, unit, values } = log.extra.find((column) => column.name === 'brake')!;
    assert.deepEqual([name, unit, [...values]], ['brake', 'bar', [7]]);
  });

function nalTypes(bytes: Uint8Array): number[] {
  const packet = Buffer.from(bytes);
  const types: number[] = [];
  for (let at = -1; (at = packet.indexOf('\0\0\u0001', at + 1, 'latin1')) >= 0;)
    types.push(packet[at + 3]! & 31);
  return types;
}

/** The same drive, whose pictures must be decoded. */
function onlyDecoded(source: DriveSource): DriveSource {
  return new Proxy(source, {
    get(target, name) {
      if (name === 'videoFile') return null;
      if (name === 'encoded') return async () => null;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

test('a video is copied at its own times, or encoded anew, from zero with its log', async (t) => {
  const folder = temporaryFolder(t);
  const positive = await makeSampleClip('edit list', folder);
  const copy = join(folder, 'copy');
  const { cameras: copied } = await converted(t, writeFolder, positive, copy);
  assert.equal(copied[0]!.isCopied, true);
  assert.deepEqual(
    await ffprobeFrameTimes(join(copy, 'drive.mp4')),
    await ffprobeFrameTimes(positive),
  );

  const clip = await makeSampleClip('timestamps from the second on', folder);
  const { source } = await openDriveAt(clip);
  t.after(() => source.close());
  const times = (await source.index()).pts;
  assert.equal(times[0], -1);
  const output = join(folder, 'new', 'out');
  const { notes } = await writeFolder({
    drives: [onlyDecoded(source)],
    log: LOG,
    output,
    crf: 18,
  });
  assert.deepEqual(readdirSync(output).sort(), ['drive.mp4', 'drive.parquet']);
  const written = await ffprobeFrameTimes(join(output, 'drive.mp4'));
  const shift = 1;
  assert.equal(written.length, times.length);
  assert.ok(written.every((time, i) => Math.abs(time - shift - times[i]!) < 2e-6));
  assert.match(notes.join('\n'), /All times are 1\.000000 s later/);

  const { names, columns } = await readParquet({ path: join(output, 'drive.parquet') });
  assert.deepEqual(names, [
    't [s]',
    'steering_wheel_angle [rad]',
    'speed [m/s]',
    'pts_logged',
    'brake [bar]',
    'state[0] []',
  ]);
  const column = (name: string): number[] => {
    const found = columns.get(name);
    return found?.kind === 'numbers' ? [...found.values] : [];
  };
  // Each time of each signal once; straight between a signal's own times, and nothing in gaps.
  const rows = [-0.25, 0, 0.1, 0.15, 0.2, 0.3, 0.9];
  assert.ok(column('t [s]').every((time, i) => Math.abs(time - shift - rows[i]!) < 1e-9));
  const close = (values: number[], expected: number[]): void => {
    assert.equal(values.length, expected.length);
    for (const [i, value] of values.entries())
      assert.ok(
        Object.is(value, expected[i]) || Math.abs(value - expected[i]!) < 1e-9,
        `${i}: ${value}`,
      );
  };
  close(column('steering_wheel_angle [rad]'), [
    0.1,
    0.1 - (0.3 * 0.25) / 0.35,
    -0.2,
    NaN,
    NaN,
    NaN,
    0.4,
  ]);
  close(column('speed [m/s]'), [NaN, 3, 3 + 2 / 3, 4, 4 + 1 / 3, 5, NaN]);
  const made = await openDriveAt(join(output, 'drive.mp4'));
  t.after(() => made.source.close());
  const log = (await made.source.log({}))!;
  assert.deepEqual([log.angleOf, log.ratio?.value], ['wheel', 15.5]);
  assert.equal((await made.source.log({ ratio: 12 }))!.ratio?.value, 12);
  close(column('brake [bar]'), [NaN, NaN, 7, NaN, NaN, NaN, NaN]);
});

test('convert replaces nothing unasked, and leaves nothing when it is interrupted', async (t) => {
  const folder = temporaryFolder(t);
  const clip = await makeNumberedClip(join(folder, 'long.mp4'), {
    frames: 600,
    bFrames: 2,
    size: [960, 540],
  });
  const output = join(folder, 'out', 'drive.mcap');
  mkdirSync(join(folder, 'out'));
  writeFileSync(output, 'mine');
  const convert = (...more: string[]) => roadgaze('convert', clip, ...more);
  const refused = await convert('-o', output);
  assert.equal(refused.status, 1);
  assert.match(
    refused.stderr,
    /^error OUTPUT_NOT_WRITABLE: .*drive\.mcap is there already\.\n {2}→ .*--force/,
  );
  const [own, ending] = await Promise.all([
    convert('-o', clip, '--force'),
    convert('-o', join(folder, 'x.mkv')),
  ]);
  assert.match(own.stderr, /^error USAGE: /);
  assert.match(
    ending.stderr,
    /^error USAGE: x\.mkv is neither a file that ends with \.mcap nor a folder/,
  );

  const watcher = watch(join(folder, 'out'));
  const child = spawn(process.execPath, [main, 'convert', clip, '-o', output, '--force'], {
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  await once(watcher, 'change');
  watcher.close();
  child.kill('SIGINT');
  const [status] = (await once(child, 'exit')) as [number | null];
  assert.equal(status, 130);
  assert.deepEqual(readdirSync(join(folder, 'out')), [basename(output)]);
  assert.equal(readFileSync(output, 'utf8'), 'mine');
});
