import { readdirSync, readFileSync } from 'node:fs';

export interface Descendant {
  readonly pid: number;
  /** As the system shortens it. */
  readonly name: string;
  /** Resident bytes. */
  readonly bytes: number;
}

/**
 * The processes below `parent`, zombies included; without the guard of ffmpeg, a shell that ends
 * with its process. Linux only.
 */
export function descendants(parent: number): Descendant[] {
  const rows = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [, name, above, pages] = /\((.*)\) \S (\d+) (?:\S+ ){19}(\S+)/.exec(
          readFileSync(`/proc/${pid}/stat`, 'latin1'),
        )!;
        return [
          { pid: Number(pid), name: name!, above: Number(above), bytes: Number(pages) * 4096 },
        ];
      } catch {
        return [];
      }
    });
  const below = (pid: number): typeof rows =>
    rows.filter(({ above }) => above === pid).flatMap((row) => [row, ...below(row.pid)]);
  return below(parent).filter(({ name }) => name !== 'sh');
}

/** Of one process: open descriptors, and resident bytes. Linux only. */
export function held(pid: number): { readonly descriptors: number; readonly bytes: number } {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, bytes: pages * 4096 };
}
