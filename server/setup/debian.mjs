// @ts-check
import { spawnSync } from 'node:child_process';
import { onPath } from './project.mjs';
import { runLogged } from './run-step.mjs';

export function canInstallDebianPackages() {
  return onPath('apt-get') !== null && withoutPassword() !== null;
}

/**
 * Installs a Debian or Ubuntu package where that needs no password.
 * @param {string} name
 * @returns {Promise<boolean>} false where it cannot be installed this way
 */
export async function installDebianPackage(name) {
  const prefix = withoutPassword();
  if (!onPath('apt-get') || !prefix) return false;
  const [program = '', ...args] = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-qq',
    '-y',
    '-o',
    'DPkg::Lock::Timeout=60',
  ];
  const install = () => runLogged(program, [...args, 'install', '--no-install-recommends', name]);
  if ((await install()).ok) return true;
  await runLogged(program, [...args, 'update']);
  return (await install()).ok;
}

/** @returns {string[] | null} what to put before a command that needs root; null where a password would be asked for */
function withoutPassword() {
  if (process.getuid?.() === 0) return [];
  const sudo = onPath('sudo');
  return sudo && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0
    ? [sudo, '-n']
    : null;
}
