/**
 * Commands to the server for what is open; recordings are played by frames, feeds by times. Frames
 * are rows of the analysis.
 */
export interface Player {
  /** From where the playhead is, or where that is the end, from the beginning. */
  start(): void;
  /** Speed or what is repeated has changed while it plays. */
  goOn(): void;
  /** From this frame. */
  playFrom(frame: number): void;
  pause(): void;
  /** Shows this frame and stays there. Answers the generation. */
  seek(frame: number): number;
  /** So many pictures on, and stays there. */
  step(frames: number): void;
}
