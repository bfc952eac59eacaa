// @ts-check
import { readFileSync } from 'node:fs';
import { canInstallDebianPackages, installDebianPackage } from './debian.mjs';
import { onPath } from './project.mjs';

/** The browser that the end-to-end tests drive: $ROADGAZE_CHROMIUM, else one on the PATH. @returns {string | null} */
export function findChromium() {
  return (
    process.env['ROADGAZE_CHROMIUM'] || onPath('chromium', 'chromium-browser', 'google-chrome')
  );
}

/** Only on Debian: what Ubuntu packages under that name is a snap, which not every machine can run. */
export function canInstallChromium() {
  try {
    return (
      /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8')) && canInstallDebianPackages()
    );
  } catch {
    return false;
  }
}

/** Without it the browser tests skip, so a failure is not an error. */
export async function installChromium() {
  await installDebianPackage('chromium');
}
