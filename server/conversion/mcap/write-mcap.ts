import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { notWritable } from '../../files/not-writable.ts';
import type { DriveSource } from '../../drive/source.ts';
import { OtherPictures, type EncodedPicture } from '../../video/encoded-pictures.ts';
import { encodePackets } from '../../video/encode.ts';
import type { PacketCodec } from '../../video/picture-track.ts';
import type { Converted, ConvertedCamera, ConvertRequest } from '../convert.ts';
import { NO_SIGNALS, signalNames, signalsOf, type LogSignals } from '../log-signals.ts';
import { framesToEncode } from '../pictures.ts';
import { McapDraft, type McapChannel } from './mcap-draft.ts';
import { COMPRESSED_IMAGE, COMPRESSED_VIDEO } from './messages.ts';
import { SignalTopics } from './write-signals.ts';

/** As Foxglove calls what is encoded. */
const FORMATS: Readonly<Record<PacketCodec, string>> = {
  mjpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  h264: 'h264',
  hevc: 'h265',
  vp9: 'vp9',
  av1: 'av1',
};
const STILLS = new Set<PacketCodec>(['mjpeg', 'png', 'webp']);
const LIBRARY = 'roadgaze';

/**
 * Writes a drive as an MCAP file of Foxglove's schemas, which appears when it is complete. Pictures
 * are copied where they can be; else they become H.264 without B-frames. Throws what reading the
 * drive throws, FFMPEG_*, OUTPUT_NOT_WRITABLE.
 */
export async function writeMcap(request: ConvertRequest): Promise<Converted> {
  const { output, signal } = request;
  const draft = join(dirname(output), `.${basename(output).slice(0, 100)}.${randomUUID()}`);
  /** Cameras whose pictures turned out to be others than their index tells. */
  const anew = new Set<DriveSource>();
  try {
    for (;;) {
      try {
        const converted = await writeDraft(draft, request, anew);
        signal?.throwIfAborted();
        await rename(draft, output);
        return converted;
      } catch (error) {
        if (!(error instanceof CopyFailed) || anew.has(error.drive)) throw error;
        anew.add(error.drive);
        await rm(draft, { force: true });
      }
    }
  } catch (error) {
    throw isOfTheSystem(error) ? notWritable(`${output} cannot be written`, error) : error;
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

class CopyFailed extends Error {
  readonly drive: DriveSource;

  constructor(drive: DriveSource, cause: unknown) {
    super('its pictures cannot be copied', { cause });
    this.drive = drive;
  }
}

function isOfTheSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

async function writeDraft(
  path: string,
  request: ConvertRequest,
  anew: ReadonlySet<DriveSource>,
): Promise<Converted> {
  const { drives, log, onProgress } = request;
  const draft = await McapDraft.create(path, LIBRARY);
  try {
    const signals = log ? signalsOf(log) : NO_SIGNALS;
    const cameras: CameraTopic[] = [];
    const taken = new Set<string>();
    for (const drive of drives)
      cameras.push(await cameraTopic(draft, drive, request, anew.has(drive), taken));
    const instant = await clockOf(drives, signals);
    const topics = await SignalTopics.begin(draft, signals, instant);
    let written = 0;
    for await (const { camera, time, bytes } of inOrderOfTime(cameras)) {
      await topics.writeBefore(time);
      await draft.write(camera.channel, instant(time), {
        frame_id: camera.id,
        data: bytes,
        format: FORMATS[camera.codec],
      });
      camera.pictures++;
      onProgress?.(++written);
    }
    await topics.writeBefore(Infinity);
    await draft.finish();
    return {
      cameras: cameras.map(({ id, pictures, codec, isCopied }): ConvertedCamera => ({
        id,
        pictures,
        codec,
        isCopied,
      })),
      signals: signalNames(signals),
      notes: cameras.flatMap(({ lost }) => [...lost()]),
    };
  } catch (error) {
    await draft.abandon();
    throw error;
  }
}

interface CameraTopic {
  readonly id: string;
  readonly channel: McapChannel;
  readonly codec: PacketCodec;
  readonly isCopied: boolean;
  /** Seconds from the first camera's clock to this one's. */
  readonly shift: number;
  readonly packets: AsyncIterable<EncodedPicture>;
  /** What of the pictures could not be read. */
  readonly lost: () => readonly string[];
  pictures: number;
}

async function cameraTopic(
  draft: McapDraft,
  drive: DriveSource,
  { drives, output, crf, signal }: ConvertRequest,
  isAnew: boolean,
  taken: Set<string>,
): Promise<CameraTopic> {
  await drive.index();
  const encoded = isAnew ? null : await drive.encoded();
  const codec = encoded?.codec ?? 'h264';
  const frames = encoded ? null : framesToEncode(drive, output, { crf, signal });
  const channel = await draft.channel({
    topic: topicOf(drive.camera, taken),
    type: STILLS.has(codec) ? COMPRESSED_IMAGE : COMPRESSED_VIDEO,
  });
  return {
    id: drive.camera,
    channel,
    codec,
    isCopied: encoded !== null,
    shift: drive.origin - drives[0].origin,
    packets: encoded ? copied(drive, encoded.packets(signal)) : encodePackets(frames!),
    lost: () => encoded?.missing ?? frames!.warnings(),
    pictures: 0,
  };
}

async function* copied(
  drive: DriveSource,
  packets: AsyncIterable<EncodedPicture>,
): AsyncGenerator<EncodedPicture> {
  try {
    yield* packets;
  } catch (error) {
    throw error instanceof OtherPictures ? new CopyFailed(drive, error) : error;
  }
}

/** A bag's topic keeps its name. */
function topicOf(id: string, taken: Set<string>): string {
  const path = id.replaceAll(/[^\w./-]+/g, '_');
  const plain = path.startsWith('/') ? path : `/camera/${path}`;
  let topic = plain;
  for (let number = 2; taken.has(topic); number++) topic = `${plain}_${number}`;
  taken.add(topic);
  return topic;
}

interface TimedPicture {
  readonly camera: CameraTopic;
  /** Seconds on the clock of the first camera. */
  readonly time: number;
  readonly bytes: Uint8Array;
}

/** The pictures of all cameras; each is read no further than to its next one. */
async function* inOrderOfTime(cameras: readonly CameraTopic[]): AsyncGenerator<TimedPicture> {
  const readers = cameras.map((camera) => ({
    camera,
    iterator: camera.packets[Symbol.asyncIterator](),
  }));
  const next = async ({ camera, iterator }: (typeof readers)[number]) => {
    const item = await iterator.next();
    if (item.done) return null;
    const { pts, bytes } = item.value;
    return { camera, time: pts + camera.shift, bytes };
  };
  try {
    const heads: (TimedPicture | null)[] = [];
    for (const reader of readers) heads.push(await next(reader));
    for (;;) {
      let first = -1;
      for (const [i, head] of heads.entries())
        if (head && (first < 0 || head.time < heads[first]!.time)) first = i;
      if (first < 0) return;
      yield heads[first]!;
      heads[first] = await next(readers[first]!);
    }
  } finally {
    await Promise.allSettled(readers.map(async ({ iterator }) => iterator.return?.()));
  }
}

/**
 * Instants (ns) of times of the first camera: on the clock that the drive was recorded with, where
 * that is known. Whatever lies before zero would have none, so then all are moved by whole seconds.
 */
async function clockOf(
  drives: readonly DriveSource[],
  { steering, speed, others }: LogSignals,
): Promise<(seconds: number) => bigint> {
  const origin = drives[0]!.origin;
  const starts = [steering, speed, ...others].flatMap((signal) => signal?.times[0] ?? []);
  for (const drive of drives)
    starts.push(((await drive.index()).pts[0] ?? 0) + drive.origin - origin);
  const earliest = starts.reduce((least, time) => Math.min(least, time), 0) + origin;
  const base = nanoseconds(origin) + nanoseconds(earliest < 0 ? Math.ceil(-earliest) : 0);
  return (seconds) => base + nanoseconds(seconds);
}

function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e9));
}
