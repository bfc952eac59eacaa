/** Hz. */
const PITCH = 660;
const SECONDS = 0.18;
const LOUDNESS = 0.2;

let context: AudioContext | null = null;

/**
 * A short, soft tone; silent until the person has done something on the page, as browsers want it.
 */
export function beep(): void {
  context ??= new AudioContext();
  void context.resume();
  const from = context.currentTime;
  const gain = new GainNode(context, { gain: 0 });
  // Without a ramp at both ends it clicks.
  gain.gain.linearRampToValueAtTime(LOUDNESS, from + 0.015);
  gain.gain.setValueAtTime(LOUDNESS, from + SECONDS - 0.06);
  gain.gain.linearRampToValueAtTime(0, from + SECONDS);
  const tone = new OscillatorNode(context, { frequency: PITCH });
  tone.connect(gain).connect(context.destination);
  tone.start(from);
  tone.stop(from + SECONDS);
}
