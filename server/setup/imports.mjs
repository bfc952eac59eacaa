// @ts-check
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { root } from './project.mjs';
import { tell } from './report.mjs';
import { filesUnder } from './stale.mjs';

/**
 * The floors of the house, from the ground up. A file may import from its own folder and from the
 * folders named before it. Folders that stand on one line do not know each other. The longest
 * folder name that fits counts.
 */
const FLOORS = [
  ['shared'],
  ['server/files', 'server/resources', 'client/data'],
  ['server/onnx', 'server/covers', 'client/stream'],
  ['server/inference', 'client/state'],
  ['server/drive/log', 'client/render'],
  ['server/video', 'client/live'],
  ['server/drive', 'server/explain', 'client/timeline'],
  ['server/attention', 'server/conversion', 'client/panels', 'client/drives'],
  ['server/live', 'client/browser'],
  ['server/results', 'client'],
  ['server/pipeline'],
  ['server/analysis', 'server/evaluation'],
  ['server/alerts', 'server/catalogue'],
  ['server/feeds', 'server/workspaces'],
  ['server/api'],
  ['server/cli', 'server/library'],
  ['recordings'],
];

/** What only these may use: everybody else asks an open drive for its pictures. */
const KEPT_FOR = new Map(
  ['decoder', 'track-decoder'].map((name) => [
    `server/video/${name}.ts`,
    ['server/video', 'server/drive', 'server/live'],
  ]),
);

/** Their tests run in Node, which loads no component. */
const WITHOUT_COMPONENTS = ['shared', 'client/data', 'client/stream', 'client/state'];

/** Free to import from everywhere; nothing above may import from them. */
const OUTSIDE = ['test', 'server/setup'];

const SOURCES = ['client', 'recordings', 'server', 'shared', 'test'];

/**
 * The imports of a tree, of types too, by path from its root.
 * @param {string} folder
 * @returns {Map<string, string[]>}
 */
export function importsOf(folder) {
  const files = filesUnder(
    folder,
    SOURCES,
    (path) => /\.(ts|mjs|svelte)$/.test(path) && !path.endsWith('.d.ts'),
  );
  return new Map(
    files.map((path) => [path, targetsOf(path, readFileSync(join(folder, path), 'utf8'))]),
  );
}

/**
 * @param {string} path
 * @param {string} text
 */
function targetsOf(path, text) {
  const code = path.endsWith('.svelte')
    ? [...text.matchAll(/<script[^>]*>([^]*?)<\/script>/g)].map(([, script]) => script).join('\n')
    : text;
  return ts
    .preProcessFile(code, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(path), name)));
}

/**
 * What breaks the rules, a sentence each: imports that point up or sideways, those of components
 * where there are none, those of what is kept for others; circles where there is nothing of that,
 * because an import that points up makes circles of everything between.
 * @param {ReadonlyMap<string, readonly string[]>} imports
 * @returns {string[]}
 */
export function importProblems(imports) {
  const upward = upwardImports(imports);
  return upward.length > 0 ? upward : circles(imports);
}

/** @param {ReadonlyMap<string, readonly string[]>} imports */
function upwardImports(imports) {
  /** @type {string[]} */
  const problems = [];
  for (const [path, targets] of imports) {
    const from = placeOf(path);
    if (from === null) problems.push(`${path} stands on no floor.`);
    if (from === null || from.outside) continue;
    for (const target of targets) {
      const to = placeOf(target);
      // Settings and assets are on no floor.
      if (to === null) continue;
      if (to.folder === from.folder) {
        if (target.endsWith('.svelte') && WITHOUT_COMPONENTS.includes(from.folder))
          problems.push(
            `${path} imports ${target}: ${from.folder} is tested in Node, where there are no components.`,
          );
        continue;
      }
      const users = KEPT_FOR.get(target);
      if (users && !users.includes(from.folder))
        problems.push(`${path} imports ${target}, which is for ${users.join(', ')}.`);
      if (to.outside || to.height >= from.height) {
        problems.push(`${path} imports ${target}: ${from.folder} must not know ${to.folder}.`);
      }
    }
  }
  return problems;
}

/** @param {string} path */
function placeOf(path) {
  if (!/\.(ts|mjs|js|svelte)$/.test(path)) return null;
  const places = [
    ...OUTSIDE.map((folder) => ({ folder, height: Infinity, outside: true })),
    ...FLOORS.flatMap((folders, height) =>
      folders.map((folder) => ({ folder, height, outside: false })),
    ),
  ];
  return (
    places
      .filter(({ folder }) => path.startsWith(`${folder}/`))
      .sort((a, b) => b.folder.length - a.folder.length)[0] ?? null
  );
}

/**
 * Groups of files that import each other in a circle (Tarjan's strongly connected components).
 * @param {ReadonlyMap<string, readonly string[]>} imports
 */
function circles(imports) {
  /** @type {Map<string, number>} */
  const index = new Map();
  /** @type {Map<string, number>} */

  /** @type {string[]} */
  const stack = [];
  /** @type {string[]} */
  const problems = [];
  /** @param {string} path @returns {number} */
  const visit = (path) => {
    const own = index.size;
    index.set(path, own);
    stack.push(path);
    let low = own;
    for (const target of imports.get(path) ?? []) {
      if (!imports.has(target)) continue;
      if (!index.has(target)) low = Math.min(low, visit(target));
      else if (stack.includes(target)) low = Math.min(low, index.get(target) ?? low);
    }
    if (low === own) {
      const group = stack.splice(stack.indexOf(path));
      if (group.length > 1 || imports.get(path)?.includes(path)) {
        problems.push(`These files import each other in a circle: ${group.join(', ')}.`);
      }
    }
    return low;
  };
  for (const path of imports.keys()) if (!index.has(path)) visit(path);
  return problems;
}

/** @param {string} folder */
export function reportImports(folder) {
  const problems = importProblems(importsOf(folder));
  for (const problem of problems) tell(problem);
  return problems.length === 0;
}

if (process.argv[1] === import.meta.filename && !reportImports(root)) process.exitCode = 1;
