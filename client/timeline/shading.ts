import type uPlot from 'uplot';
import type { Flag, FlagSettings } from '../../shared/flags.ts';
import type { DriveColumns, FrameRun } from './columns.ts';

/** What a plot shows besides its series. */
export interface Marks {
  readonly flags: readonly Flag[];
  /** Not analysed yet. */
  readonly missing: readonly FrameRun[];
  readonly thresholds: FlagSettings | null;
}

/** Diagonal lines where nothing is known yet. */
export function drawHatch(plot: uPlot, columns: DriveColumns, { missing }: Marks, color: string): void {
  const pattern = missing.length > 0 ? hatchPattern(plot.ctx, color) : null;
  if (!pattern) return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = pattern;
  for (const run of missing) {
    const [left, right] = extent(plot, columns, run);
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** Shaded, with a solid edge at the top, so that a flag is seen without seeing its colour. */
export function drawFlags(plot: uPlot, columns: DriveColumns, { flags }: Marks, color: string): void {
  const { ctx, bbox } = plot;
  const edge = 2 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color;
  for (const { startFrame, endFrame } of flags) {
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

/** The share at which a flag begins (dashed) and the one at which it ends (dotted). */
export function drawThresholds(plot: uPlot, { thresholds }: Marks, color: string): void {
  if (thresholds?.measure !== 'share') return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  for (const [share, dash, alpha] of [[thresholds.enterBelow, [5, 4], 0.75], [thresholds.leaveAbove, [1, 4], 0.6]] as const) {
    const y = Math.round(plot.valToPos(share * 100, 'y', true)) + 0.5;
    ctx.globalAlpha = alpha;
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** A frame lasts until the next one begins. */
export function endOfFrame(columns: DriveColumns, frame: number): number {
  return columns.time[frame + 1] ?? columns.end;
}

export function hatchPattern(context: CanvasRenderingContext2D, color: string): CanvasPattern | null {
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
function extent(plot: uPlot, columns: DriveColumns, { first, last }: FrameRun): [left: number, right: number] {
  const { left, width } = plot.bbox;
  const clip = (x: number) => Math.min(left + width, Math.max(left, x));
  const from = plot.valToPos(columns.time[first] ?? 0, 'x', true);
  const to = plot.valToPos(endOfFrame(columns, last), 'x', true);
  return [clip(from), clip(to)];
}
