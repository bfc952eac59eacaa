import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Why no disk can be mounted here; false where one can. */
export const withoutMounts: string | false = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'only root on Linux may mount a small disk';
  const folder = mkdtempSync(join(tmpdir(), 'roadgaze-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return false;
  } catch {
    return 'no disk can be mounted here';
  } finally {
    rmdirSync(folder);
  }
})();

/** A disk of so many KiB, gone when the test ends. */
export function smallDisk(t: Pick<TestContext, 'after'>, kibibytes: number, options = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'roadgaze-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k${options}`, 'tmpfs', folder]);
  t.after(() => {
    execFileSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** Makes what `smallDisk` gave read-only, or takes that back. */
export function remount(disk: string, how: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${how}`, disk]);
}
