import type uPlot from 'uplot';

/**
 * uPlot path builder for typed arrays in which NaN is "no value": the line is interrupted there.
 * Where several samples share a pixel column, its lowest and highest stay visible, so a drive of
 * any length costs one column per pixel.
 */
export function gapLine({ fill }: { readonly fill: boolean }): uPlot.Series.PathBuilder {
  return (plot, series, first, last) => {
    const xs = plot.data[0] as Float64Array;
    const ys = plot.data[series] as Float32Array;
    const { min: xMin = 0, max: xMax = 1 } = plot.scales['x'] ?? {};
    const { min: yMin = 0, max: yMax = 1 } = plot.scales[plot.series[series]?.scale ?? 'y'] ?? {};
    const { left, top, width, height } = plot.bbox;
    const kx = width / (xMax - xMin);
    const ky = height / (yMax - yMin);
    const bottom = top + height;
    const dense = last - first > width;

    const stroke = new Path2D();
    const area = fill ? new Path2D() : null;
    let down = false;
    let column = NaN;
    let start = NaN;
    let firstY = 0;
    let lowest = 0;
    let highest = 0;
    let lastY = 0;

    const flush = () => {
      if (Number.isNaN(column)) return;
      if (down) {
        stroke.lineTo(column, firstY);
        area?.lineTo(column, highest);
      } else {
        stroke.moveTo(column, firstY);
        area?.moveTo(column, bottom);
        area?.lineTo(column, highest);
        start = column;
        down = true;
      }
      if (lowest !== highest) {
        stroke.lineTo(column, lowest);
        stroke.lineTo(column, highest);
        stroke.lineTo(column, lastY);
      }
    };
    const lift = () => {
      flush();
      if (down) {
        // A value alone between two gaps is one pixel wide.
        if (start === column) stroke.lineTo(column + 1, lastY);
        area?.lineTo(column, bottom);
      }
      down = false;
      column = NaN;
    };

    for (let i = first; i <= last; i++) {
      const value = ys[i] as number;
      if (Number.isNaN(value)) {
        lift();
        continue;
      }
      const exact = left + ((xs[i] as number) - xMin) * kx;
      const x = dense ? Math.round(exact) : exact;
      const y = top + (yMax - value) * ky;
      if (x === column) {
        lowest = Math.max(lowest, y);
        highest = Math.min(highest, y);
        lastY = y;
      } else {
        flush();
        column = x;
        firstY = lowest = highest = lastY = y;
      }
    }
    lift();
    return { stroke, fill: area };
  };
}
