import { sideOf, type SteeringUnit } from './steering-unit.ts';

/** `m:ss.mmm`, or `h:mm:ss.mmm` from an hour up; seconds since the first frame. */
export function timeText(seconds: number): string {
  return clock(seconds, 3);
}

/** `m:ss.m`, for places where a thousandth says nothing. */
export function shortTime(seconds: number): string {
  return clock(seconds, 1);
}

/** Time with as many decimals as `step` seconds between two labels need. */
export function axisTime(seconds: number, step: number): string {
  return clock(seconds, step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3);
}

/** `1.4 s`, `32 s`, `12:07`: how long something lasts. */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return seconds < 59.5 ? `${Math.round(seconds)} s` : clock(seconds, 0);
}

function clock(seconds: number, decimals: number): string {
  const scale = 10 ** decimals;
  const whole = Math.round(Math.max(0, seconds) * scale);
  const rest = (whole % (60 * scale)) / scale;
  const minutes = Math.floor(whole / (60 * scale));
  const tail = rest.toFixed(decimals).padStart(decimals ? decimals + 3 : 2, '0');
  return minutes < 60
    ? `${minutes}:${tail}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${tail}`;
}

/** A magnitude with its unit: `4.1°`, `0.0012 1/m`. */
export function magnitudeText(value: number, { label, decimals }: SteeringUnit): string {
  if (Number.isNaN(value)) return '–';
  const number = Math.abs(value).toFixed(decimals);
  return label === '' || label === '°' ? `${number}${label}` : `${number} ${label}`;
}

/** A steering value: with a side where its sign is known, else with its sign. */
export function steeringText(value: number, unit: SteeringUnit): string {
  if (Number.isNaN(value)) return '–';
  const text = magnitudeText(value, unit);
  if (Number(Math.abs(value).toFixed(unit.decimals)) === 0) return text;
  const side = sideOf(value, unit);
  return side ? `${text} ${side}` : `${value < 0 ? '−' : '+'}${text}`;
}

/** With a true minus, and none in front of zero. */
export function signedText(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) > 0 ? `−${text}` : text;
}

/** `2.34`: how many times more than by chance. */
export function liftText(lift: number): string {
  return Number.isNaN(lift) ? '–' : lift.toFixed(2);
}

/** `68 %`. */
export function percentText(percent: number): string {
  return Number.isNaN(percent) ? '–' : `${Math.round(percent)} %`;
}

const PROVIDERS: Readonly<Record<string, string>> = { cpu: 'CPU', cuda: 'CUDA', webgpu: 'WebGPU' };

export function providerName(name: string): string {
  return PROVIDERS[name] ?? name;
}
