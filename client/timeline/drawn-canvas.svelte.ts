import type { Attachment } from 'svelte/attachments';

/**
 * A canvas that is drawn by hand, in the screen's pixels: empty at its size, at most once per
 * animation frame, when it is resized or anything of `changes` is another.
 */
export function drawnCanvas(
  changes: () => readonly unknown[],
  draw: (context: CanvasRenderingContext2D) => void,
): Attachment<HTMLCanvasElement> {
  return (canvas) => {
    let size = { width: 0, height: 0 };
    let drawing = 0;
    const schedule = () => {
      drawing ||= requestAnimationFrame(() => {
        drawing = 0;
        canvas.width = Math.round(size.width * devicePixelRatio);
        canvas.height = Math.round(size.height * devicePixelRatio);
        const context = canvas.getContext('2d');
        if (context) draw(context);
      });
    };
    const observer = new ResizeObserver(([entry]) => {
      if (entry) size = { width: entry.contentRect.width, height: entry.contentRect.height };
      schedule();
    });
    observer.observe(canvas);
    $effect(() => {
      void changes();
      schedule();
    });
    return () => {
      observer.disconnect();
      cancelAnimationFrame(drawing);
    };
  };
}
