import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';

export interface Outcome {
  /** Exit status, or null when a signal ended the process. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs this Node with arguments to its end. */
export function runNode(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // A test process says so to its children, which would then answer in the runner's own protocol.
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
    const child = spawn(process.execPath, args, {
      cwd: options.cwd,
      env: { ...env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** One of the set-up's modules: plain JavaScript, which is run where it lies. */
export function setupModule<T>(name: string, root = repositoryRoot): Promise<T> {
  return import(pathToFileURL(join(root, 'server/setup', name)).href) as Promise<T>;
}

/** Writes files, making their folders. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/**
 * A checkout with the real set-up and the real npm packages, and a command line of three lines that
 * prints its arguments and its folder.
 */
export function smallCheckout(t: TestContext): string {
  const root = temporaryFolder(t);
  cpSync(join(repositoryRoot, 'server/setup'), join(root, 'server/setup'), { recursive: true });
  for (const name of ['package.json', 'package-lock.json'])
    cpSync(join(repositoryRoot, name), join(root, name));
  symlinkSync(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'));
  const settings = JSON.parse(readFileSync(join(repositoryRoot, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: object;
  };
  // Without Node's types, which are most of what tsc would read.
  settings.compilerOptions = { ...settings.compilerOptions, types: [] };
  writeFiles(root, {
    'tsconfig.json': JSON.stringify(settings),
    'server/cli/main.ts':
      "declare const console: any, process: any;\nimport { greeting } from './greeting.ts';\nconsole.log(JSON.stringify([greeting, ...process.argv.slice(2), process.cwd()]));\n",
    'server/cli/greeting.ts': "export const greeting: string = 'hello';\n",
  });
  return root;
}
