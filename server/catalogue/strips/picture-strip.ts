import { RoadgazeError } from '../../../shared/errors.ts';
import { openRecording } from '../../drive/open-recording.ts';
import type { Recording } from '../../drive/recording.ts';
import { lanes } from '../../resources/limits.ts';

/** Pictures of a strip, at the middles of as many equal parts of the drive. */
const PICTURES = 3;
const CELL = { width: 96, height: 54 };
const DISPLAY = { maxWidth: 160, quality: 6 };
/** A strip that takes longer is given up, ms. */
const PATIENCE = 15_000;

/**
 * Pictures out of a drive side by side, as an SVG that holds them as JPEG. Of a drive whose length is
 * not known the first picture only. Throws what opening and decoding throw, and the signal's reason.
 */
export async function pictureStrip(
  recording: Recording,
  durationSeconds: number | null,
  signal: AbortSignal,
): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const late = (): void => {
    signal.throwIfAborted();
    if (limit.aborted) throw tooSlow(recording.name);
  };
  const drive = await openRecording(recording, { signal: limit }).catch((error: unknown) => {
    late();
    throw error;
  });
  try {
    const start = drive.video.startTime;
    const times =
      durationSeconds === null
        ? []
        : Array.from(
            { length: PICTURES },
            (_, part) => start + ((part + 0.5) / PICTURES) * durationSeconds,
          );
    const pictures: Uint8Array[] = [];
    // Where a log is longer than what was filmed, the first picture stands for all.
    for (const from of [...times, start]) {
      if (from === start && pictures.length > 0) break;
      const found = await lanes.pictures
        .run(async () => {
          const stream = drive.frames({
            images: [],
            display: DISPLAY,
            frames: 1,
            ...(from > start ? { from } : {}),
            signal: limit,
          });
          for await (const { display } of stream) return display;
          return null;
        }, limit)
        .catch((error: unknown) => {
          late();
          if (pictures.length === 0) throw error;
          return null;
        });
      if (found) pictures.push(found);
    }
    late();
    return svgOf(pictures);
  } finally {
    await drive.close();
  }
}

function tooSlow(name: string): RoadgazeError {
  return new RoadgazeError(
    'SERVER_BUSY',
    `The pictures of ${name} take longer than ${PATIENCE / 1000} s.`,
    'Open it, or try again in a moment.',
  );
}

function svgOf(pictures: readonly Uint8Array[]): string {
  const { width, height } = CELL;
  const cells = pictures.map(
    (bytes, index) =>
      `<svg x="${index * (width + 2)}" width="${width}" height="${height}"><image width="${width}" height="${height}" preserveAspectRatio="xMidYMid slice" href="data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}"/></svg>`,
  );
  const whole = Math.max(1, pictures.length) * (width + 2) - 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${whole}" height="${height}" viewBox="0 0 ${whole} ${height}">${cells.join('')}</svg>`;
}
