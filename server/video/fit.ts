import { WHOLE_FRAME, type Fit, type Size } from '../../shared/geometry.ts';

/**
 * Frames of another shape than the recording's, where the size changes inside a file. They are
 * shown as they are, in the middle of a picture of the recording's shape.
 *
 * ffmpeg makes its filters anew where the size changes, and then computes `iw` and `ih` anew; no
 * stream that it writes may change its size.
 */

/** Less is rounding, such as 1088 rows for 1080. */
const SAME_SHAPE = 0.01;
/** Steps of a share in what `fitFilter` tells. */
const STEPS = 1024;
/** Bytes of a picture of `fitFilter`. */
const TOLD = 2;

/** How many times wider the frame that comes in is than one of the shape of `of`. */
function widerThan({ width, height }: Size): string {
  return `(iw*${height}/(ih*${width}))`;
}

function isSame(of: Size): string {
  return `lt(abs(${widerThan(of)}-1),${SAME_SHAPE})`;
}

/** Scales a frame into `size`, which has the shape of `of` but for rounding; `more`: of `scale`. */
export function scaleToFit(size: Size, of: Size, more: string): string {
  const wider = widerThan(of);
  const side = (whole: number, share: string) =>
    `'if(${isSame(of)},${whole},max(2,2*round(${whole}*min(1,${share})/2)))'`;
  return `scale=w=${side(size.width, wider)}:h=${side(size.height, `1/${wider}`)}:${more}`;
}

/** What `scaleToFit` leaves becomes black. */
export function padToFit({ width, height }: Size): string {
  return `pad=w=${width}:h=${height}:x='floor((ow-iw)/2)':y='floor((oh-ih)/2)'`;
}

/** Makes two grey pixels of a frame, which `readFit` reads. */
export function fitFilter(of: Size): string {
  const wider = widerThan(of);
  const code = `if(${isSame(of)},${STEPS},if(lt(${wider},1),max(${TOLD},round(${STEPS}*${wider})),${2 * STEPS}-max(1,round(${STEPS}/${wider}))))`;
  return [
    `scale=w='${code}':h=1:flags=neighbor`,
    'format=gray',
    "geq=lum='if(X,mod(W,256),floor(W/256))'",
    `crop=w=${TOLD}:h=1:x=0:y=0:exact=1`,
    'setsar=1',
  ].join(',');
}

export function readFit([high, low]: Uint8Array): Fit {
  const code = high! * 256 + low!;
  if (code === STEPS) return WHOLE_FRAME;
  return code < STEPS
    ? { width: code / STEPS, height: 1 }
    : { width: 1, height: (2 * STEPS - code) / STEPS };
}

/** Tells a fit as a whole number from 0 up: 0 is the whole frame, and small ones are close to it. */
export function fitNumber({ width, height }: Fit): number {
  return height < 1
    ? 2 * Math.round(STEPS * (1 - height)) - 1
    : 2 * Math.round(STEPS * (1 - width));
}

/** ffmpeg's expressions of a fit, out of one of its `fitNumber`. */
export function fitExpressions(number: string): {
  readonly width: string;
  readonly height: string;
} {
  return {
    width: `if(mod(${number},2),1,1-(${number})/${2 * STEPS})`,
    height: `if(mod(${number},2),1-(${number}+1)/${2 * STEPS},1)`,
  };
}
