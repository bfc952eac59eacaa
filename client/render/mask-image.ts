/**
 * A mask as an image: each byte is looked up in a colour table, on the mask's own small grid;
 * scaling it to the picture is left to the canvas. Memory is kept while the mask's size stays the
 * same.
 */
export class MaskImage {
  #canvas = new OffscreenCanvas(1, 1);
  #context = contextOf(this.#canvas);
  #image = new ImageData(1, 1);
  #pixels = new Uint32Array(this.#image.data.buffer);

  /**
   * `mask` uint8, row-major; `table` 256 RGBA words (`lookupTable`). The canvas is reused by the
   * next call.
   */
  render(mask: Uint8Array, width: number, height: number, table: Uint32Array): OffscreenCanvas {
    if (this.#image.width !== width || this.#image.height !== height) {
      this.#canvas = new OffscreenCanvas(width, height);
      this.#context = contextOf(this.#canvas);
      this.#image = new ImageData(width, height);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
    }
    const pixels = this.#pixels;
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[mask[i] as number] as number;
    this.#context.putImageData(this.#image, 0, 0);
    return this.#canvas;
  }
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser has no 2D canvas.');
  return context;
}
