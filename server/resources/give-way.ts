import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/** Steps of niceness after which another one gets three times as much of a processor. */
export const GIVING_WAY = 5;
const NICEST = 19;

/** Lets a program go behind this process by so many steps of niceness. */
export function giveWay(pid: number, steps: number): void {
  try {
    setPriority(pid, Math.min(NICEST, getPriority() + steps));
  } catch {
    // It has ended, or not everywhere may one process do so to another.
  }
}

/**
 * Lets the calling thread, and those that it starts, go behind the others of this process. Linux
 * only; elsewhere it comes to nothing.
 */
export function giveWayHere(): void {
  try {
    giveWay(Number(basename(readlinkSync('/proc/thread-self'))), GIVING_WAY);
  } catch {
    // There is no such file.
  }
}
