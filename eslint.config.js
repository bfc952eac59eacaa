// @ts-check
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './client/svelte.config.js';

/** One way to write what can be written in two. Layout is Prettier's business. */
const dialect = [
  {
    selector: 'AssignmentExpression[operator=/^[+-]=$/][right.type="Literal"][right.value=1]',
    message: 'Write i++ or i--.',
  },
  {
    selector:
      'MemberExpression[object.name="Number"][property.name=/^(NaN|POSITIVE_INFINITY|NEGATIVE_INFINITY)$/]',
    message: 'Write NaN and Infinity.',
  },
];

/** node:test runs these itself. */
const testCalls = {
  from: /** @type {const} */ ('package'),
  package: 'node:test',
  name: ['test', 'it', 'describe'],
};

export default ts.config(
  { ignores: ['dist/', 'node_modules/', '.roadgaze/'] },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.node,
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js', 'client/svelte.config.js'] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      eqeqeq: 'error',
      'object-shorthand': 'error',
      'no-restricted-syntax': ['error', ...dialect],
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [testCalls] }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrorsIgnorePattern: '^_',
          ignoreRestSiblings: true,
        },
      ],
      // What is caught is handed on as it is.
      '@typescript-eslint/only-throw-error': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      // An interface's functions are taken apart freely; none of them reads `this`.
      '@typescript-eslint/unbound-method': 'off',
      // A function may be asynchronous because its interface is.
      '@typescript-eslint/require-await': 'off',
      // Names from outside are searched for control characters.
      'no-control-regex': 'off',
      'no-regex-spaces': 'off',
      // A Map that nothing draws from needs no reactivity.
      'svelte/prefer-svelte-reactivity': 'off',
      // The compiler's own check wants them.
      'svelte/no-unused-svelte-ignore': 'off',
    },
  },
  {
    files: ['client/**', 'recordings/scene/page/**'],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    // JSON that a test wrote is read as what it is; components are held by svelte-check.
    files: ['test/**', '**/*.svelte'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
    },
  },
  { files: ['**/*.mjs', '**/*.js'], ...ts.configs.disableTypeChecked },
);
