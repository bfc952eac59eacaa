import type uPlot from 'uplot';
import type { Flag, FlagKind, FlagSettings } from '../../shared/flags.ts';
import {
  endOfFrame,
  runsOf,
  type DriveColumns,
  type FrameRun,
  type Known,
} from '../data/columns.ts';
import type { Threshold } from '../data/tracks.ts';

/** What a plot shows besides its series. */
export interface Marks {
  readonly flags: readonly Flag[];
  /** Not analysed yet. */
  readonly missing: Readonly<Record<Known, readonly FrameRun[]>>;
  readonly settings: FlagSettings | null;
}

/** Diagonal lines where nothing is known yet. */
export function drawHatch(
  plot: uPlot,
  columns: DriveColumns,
  runs: readonly FrameRun[],
  color: string,
): void {
  const pattern = runs.length > 0 ? hatchPattern(plot.ctx, color) : null;
  if (!pattern) return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = pattern;
  for (const run of runs) {
    const [left, right] = extent(plot, columns, run);
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** Shaded, with a solid edge at the top, so that a flag is seen without seeing its colour. */
export function drawFlags(
  plot: uPlot,
  columns: DriveColumns,
  { flags }: Marks,
  kinds: readonly FlagKind[],
  color: string,
): void {
  const { ctx, bbox } = plot;
  const edge = 2 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color;
  for (const { kind, startFrame, endFrame } of flags) {
    if (!kinds.includes(kind)) continue;
    const [left, right] = extent(plot, columns, { first: startFrame, last: endFrame });
    if (right <= left) continue;
    const width = Math.max(edge, right - left);
    ctx.globalAlpha = 0.19;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(left, bbox.top, width, edge);
  }
  ctx.restore();
}

/** Values at which flags begin (dashed) and end (dotted). */
export function drawThresholds(plot: uPlot, thresholds: readonly Threshold[], color: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  for (const { at, ends } of thresholds) {
    const y = Math.round(plot.valToPos(at, 'y', true)) + 0.5;
    if (y < bbox.top || y > bbox.top + bbox.height + 1) continue;
    ctx.globalAlpha = ends ? 0.6 : 0.75;
    ctx.setLineDash((ends ? [1, 4] : [5, 4]).map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** A line along the bottom where a flag measure is 0. */
export function drawMarked(
  plot: uPlot,
  columns: DriveColumns,
  measure: string,
  color: string,
): void {
  const { ctx, bbox } = plot;
  const height = 3 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color;
  const values = columns.of(measure);
  for (const run of runsOf(columns, (frame) => values[frame] === 0)) {
    const [left, right] = extent(plot, columns, run);
    if (right > left)
      ctx.fillRect(
        left,
        bbox.top + bbox.height - height,
        Math.max(devicePixelRatio, right - left),
        height,
      );
  }
  ctx.restore();
}

export function hatchPattern(
  context: CanvasRenderingContext2D,
  color: string,
): CanvasPattern | null {
  const size = Math.round(7 * devicePixelRatio);
  const tile = new OffscreenCanvas(size, size);
  const ink = tile.getContext('2d');
  if (!ink) return null;
  ink.strokeStyle = color;
  ink.lineWidth = devicePixelRatio;
  ink.beginPath();
  for (const shift of [-size, 0, size]) {
    ink.moveTo(shift, size);
    ink.lineTo(shift + size, 0);
  }
  ink.stroke();
  return context.createPattern(tile, 'repeat');
}

/** Canvas pixels of a run, clipped to the plot. */
function extent(
  plot: uPlot,
  columns: DriveColumns,
  { first, last }: FrameRun,
): [left: number, right: number] {
  const { left, width } = plot.bbox;
  const clip = (x: number) => Math.min(left + width, Math.max(left, x));
  const from = plot.valToPos(columns.time[first] ?? 0, 'x', true);
  const to = plot.valToPos(endOfFrame(columns, last), 'x', true);
  return [clip(from), clip(to)];
}
