import { readFileSync } from 'node:fs';

let known: number | null = null;

/**
 * ONNX Runtime convolves on the CPU in blocks of so many channels, and fills the last block of
 * every layer with zeros: with 16, as where there is AVX-512, 36 channels cost as much as 48. Where
 * the processor cannot be told, 8, which is right for most others.
 */
export function processorBlock(): number {
  known ??= process.arch === 'x64' && /\bavx512f\b/.test(processorFlags()) ? 16 : 8;
  return known;
}

/**
 * Read once, for the first graph that is laid out. Linux tells them here, other systems nowhere
 * that needs no program of its own.
 */
function processorFlags(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
