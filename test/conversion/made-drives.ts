import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import { makeMcap, stampOf, type MadeMessage } from '../drive/readers/bags/make-bag.ts';
import { ffmpeg } from '../support/clips.ts';

/** One drive in the formats of several tools, each written by what that tool's documentation says. */

export const FRAMES = 8;
export const SIZE = [48, 24] as const;
/** Seconds from the first picture; whole milliseconds, unevenly apart. */
export const TIMES = Array.from({ length: FRAMES }, (_, i) => (60 * i + ((i * i) % 7)) / 1000);
/** Udacity's own: the angle by 25°, positive to the right. */
export const SHARES = Array.from({ length: FRAMES }, (_, i) => Math.sin(i) / 2);
/** Radians, positive to the left. */
export const ANGLES = SHARES.map((share) => (-share * 25 * Math.PI) / 180);
export const SPEEDS = Array.from({ length: FRAMES }, (_, i) => 8 + i / 4);
const MPH = 0.44704;

/** Colourful pictures without loss, one file each. */
export async function writePictures(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await ffmpeg(
    ...['-f', 'lavfi', '-i', `testsrc2=size=${SIZE.join('x')}:rate=10,hue=h=20*n`],
    ...['-frames:v', String(FRAMES), '-start_number', '0', join(folder, '%d.png')],
  );
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

export function writeUdacity(folder: string, pictures: string): string {
  const rows = TIMES.map((time, i) => {
    const milliseconds = 5000 + Math.round(time * 1000);
    const name = `center_2017_05_19_10_11_${String(Math.floor(milliseconds / 1000)).padStart(2, '0')}_${String(milliseconds % 1000).padStart(3, '0')}.png`;
    mkdirSync(join(folder, 'IMG'), { recursive: true });
    cpSync(join(pictures, `${i}.png`), join(folder, 'IMG', name));
    return `C:\\sim\\IMG\\${name},,,${SHARES[i]},0.5,0,${SPEEDS[i]! / MPH}`;
  });
  write(join(folder, 'driving_log.csv'), `${rows.join('\n')}\n`);
  return folder;
}

export function writeTub(folder: string, pictures: string): string {
  const records = TIMES.map((time, i) => {
    cpSync(join(pictures, `${i}.png`), join(folder, 'images', `${i}_cam_image_array_.png`));
    return JSON.stringify({
      _index: i,
      _session_id: '17-05-19_0',
      _timestamp_ms: 1_495_188_000_000 + Math.round(time * 1000),
      'cam/image_array': `${i}_cam_image_array_.png`,
      'user/angle': SHARES[i],
      'user/throttle': 0.5,
    });
  });
  write(join(folder, 'catalog_0.catalog'), `${records.join('\n')}\n`);
  const manifest = [
    ['cam/image_array', 'user/angle', 'user/throttle'],
    ['image_array', 'float', 'float'],
    {},
    { created_at: 1_495_188_000, sessions: { all_full_ids: ['17-05-19_0'], last_id: 0 } },
    {
      paths: ['catalog_0.catalog'],
      current_index: FRAMES,
      max_len: 1000,
      deleted_indexes: [] as number[],
    },
  ];
  write(join(folder, 'manifest.json'), manifest.map((line) => JSON.stringify(line)).join('\n'));
  return folder;
}

const LOG = [
  't [s],steering [rad],speed [m/s]',
  ...TIMES.map((time, i) => `${time},${ANGLES[i]},${SPEEDS[i]}`),
].join('\n');

export function writeFolderOfPictures(folder: string, pictures: string): string {
  for (const name of readdirSync(pictures)) cpSync(join(pictures, name), join(folder, name));
  write(join(folder, 'log.csv'), LOG);
  return folder;
}

export function writeVideoWithCsv(folder: string, video: string): string {
  const path = join(folder, 'by-hand.mp4');
  mkdirSync(folder, { recursive: true });
  cpSync(video, path);
  write(join(folder, 'by-hand.csv'), LOG);
  return path;
}

const START = 1_495_188_000;

/** ROS 2: PNG pictures with stamps, and the command of a car without. */
export async function writeRosBag(
  path: string,
  bytesOf: (i: number) => Uint8Array,
): Promise<string> {
  const messages = TIMES.flatMap((time, i): MadeMessage[] => [
    {
      topic: '/camera/image/compressed',
      type: 'sensor_msgs/msg/CompressedImage',
      time: START + time,
      message: {
        header: { stamp: stampOf(START + time), frame_id: 'camera' },
        format: 'png',
        data: bytesOf(i),
      },
    },
    {
      topic: '/drive',
      type: 'ackermann_msgs/msg/AckermannDrive',
      time: START + time,
      message: {
        steering_angle: ANGLES[i],
        steering_angle_velocity: 0,
        speed: SPEEDS[i],
        acceleration: 0,
        jerk: 0,
      },
    },
  ]);
  write(path, (await makeMcap(messages)).bytes);
  return path;
}

const CAMERA = 'observation.images.front';

function table(columns: readonly ColumnSource[]): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData: [...columns] }));
}

const DATA = table([
  { name: 'action.steering_angle_rad', data: ANGLES, type: 'DOUBLE' },
  { name: 'observation.speed_mps', data: SPEEDS, type: 'DOUBLE' },
  { name: 'timestamp', data: TIMES, type: 'FLOAT' },
  { name: 'episode_index', data: TIMES.map(() => 0), type: 'INT32' },
]);

/** A data set of one episode, whose video is given. */
export function writeDataSet(folder: string, version: 'v2.1' | 'v3.0', video: string): string {
  const isOld = version === 'v2.1';
  const paths = isOld
    ? ['data/chunk-000/episode_000000.parquet', `videos/chunk-000/${CAMERA}/episode_000000.mp4`]
    : ['data/chunk-000/file-000.parquet', `videos/${CAMERA}/chunk-000/file-000.mp4`];
  const feature = (dtype: string) => ({ dtype, shape: [1], names: null });
  const info = {
    codebase_version: version,
    total_episodes: 1,
    total_frames: FRAMES,
    chunks_size: 1000,
    fps: 16,
    data_path: isOld
      ? 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet'
      : 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet',
    video_path: isOld
      ? 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4'
      : 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4',
    features: {
      'action.steering_angle_rad': feature('float64'),
      'observation.speed_mps': feature('float64'),
      [CAMERA]: { dtype: 'video', shape: [SIZE[1], SIZE[0], 3], names: null },
    },
  };
  write(join(folder, 'meta/info.json'), JSON.stringify(info));
  write(join(folder, paths[0]!), DATA);
  mkdirSync(dirname(join(folder, paths[1]!)), { recursive: true });
  cpSync(video, join(folder, paths[1]!));
  if (isOld) return folder;
  const zero = (name: string): ColumnSource => ({ name, data: [0], type: 'INT32' });
  write(
    join(folder, 'meta/episodes/chunk-000/file-000.parquet'),
    table([
      ...['episode_index', 'data/chunk_index', 'data/file_index'].map(zero),
      ...[`videos/${CAMERA}/chunk_index`, `videos/${CAMERA}/file_index`].map(zero),
      { name: `videos/${CAMERA}/from_timestamp`, data: [0], type: 'DOUBLE' },
    ]),
  );
  return folder;
}
