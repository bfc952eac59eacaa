import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileModule } from 'svelte/compiler';

/** Svelte's own modules as a browser gets them: the others have no effects. */
export const resolve: ResolveHook = (specifier, context, next) => {
  const isOfSvelte = /^(svelte|esm-env)(\/|$)/.test(specifier);
  return next(
    specifier,
    isOfSvelte ? { ...context, conditions: ['browser', ...context.conditions] } : context,
  );
};

/** What tsc has made of a `.svelte.ts` module still has its runes. */
export const load: LoadHook = async (url, context, next) => {
  if (!url.endsWith('.svelte.js')) return next(url, context);
  const filename = fileURLToPath(url);
  const { js } = compileModule(await readFile(filename, 'utf8'), { filename, generate: 'client' });
  return { format: 'module', source: js.code, shortCircuit: true };
};
