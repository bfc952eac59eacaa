import { register } from 'node:module';

/*
 * To be imported before the page's state: modules with runes (`.svelte.ts`) can be imported from then on, by `await import(…)`, because static
 * imports are all read first.
 */
register('./rune-hooks.js', import.meta.url);
