import { openRecording } from '../../drive/open-recording.ts';
import type { Recording } from '../../drive/recording.ts';
import { lanes } from '../../resources/limits.ts';

/** Pictures of a strip, at the middles of as many equal parts of the drive. */
const PICTURES = 3;
const CELL = { width: 96, height: 54 };
const DISPLAY = { maxWidth: 160, quality: 6 };
/** A strip that takes longer has the pictures that were found by then, ms. */
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
  const drive = await openRecording(recording, { signal: limit });
  try {
    const start = drive.video.startTime;
    const times =
      durationSeconds === null
        ? [start]
        : Array.from(
            { length: PICTURES },
            (_, part) => start + ((part + 0.5) / PICTURES) * durationSeconds,
          );
    const pictures: Uint8Array[] = [];
    for (const from of times) {
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
          if (pictures.length === 0 || signal.aborted) throw error;
          return null;
        });
      if (found) pictures.push(found);
      if (limit.aborted) break;
    }
    signal.throwIfAborted();
    return svgOf(pictures);
  } finally {
    await drive.close();
  }
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
