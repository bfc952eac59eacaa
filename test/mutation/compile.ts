import { join } from 'node:path';
import ts from 'typescript';
import { repositoryRoot } from '../support/paths.ts';
import { withoutSourceMap } from './sandbox.ts';

/** What judges and compiles changed source files. */
export interface Compiler {
  /** Those of the files that the types do not allow with this content; all are changed at once. */
  refused(contents: ReadonlyMap<string, string>): string[];
  /** As the build would write it. */
  compiled(file: string, content: string): string;
}

export function openCompiler(): Compiler {
  const path = join(repositoryRoot, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as {
    config: unknown;
  };
  const { options: given, fileNames } = ts.parseJsonConfigFileContent(
    config,
    ts.sys,
    repositoryRoot,
  );
  // A change may leave a name unused or a line unreached: that is no error of it.
  const options: ts.CompilerOptions = {
    ...given,
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowUnreachableCode: true,
    noFallthroughCasesInSwitch: false,
    incremental: false,
  };
  delete options.tsBuildInfoFile;
  let changed = new Map<string, string>();
  let version = 0;
  const service = ts.createLanguageService(
    {
      getCompilationSettings: () => options,
      getScriptFileNames: () => fileNames,
      getScriptVersion: (name) => (changed.has(name) ? `changed ${version}` : '0'),
      getScriptSnapshot: (name) => {
        const content = changed.get(name) ?? ts.sys.readFile(name);
        return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
      },
      getCurrentDirectory: () => repositoryRoot,
      getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
      fileExists: (name) => ts.sys.fileExists(name),
      readFile: (name) => ts.sys.readFile(name),
      readDirectory: ts.sys.readDirectory.bind(ts.sys),
      directoryExists: (name) => ts.sys.directoryExists(name),
      getDirectories: (name) => ts.sys.getDirectories(name),
    },
    ts.createDocumentRegistry(),
  );
  return {
    refused(contents) {
      const pathOf = (file: string): string => join(repositoryRoot, file);
      changed = new Map([...contents].map(([file, content]) => [pathOf(file), content]));
      version++;
      return [...contents.keys()].filter((file) =>
        [
          ...service.getSyntacticDiagnostics(pathOf(file)),
          ...service.getSemanticDiagnostics(pathOf(file)),
        ].some(({ category }) => category === ts.DiagnosticCategory.Error),
      );
    },
    compiled(file, content) {
      const { outputText } = ts.transpileModule(content, {
        fileName: file,
        // A file by itself does not know that its package holds modules.
        compilerOptions: {
          ...options,
          module: ts.ModuleKind.ESNext,
          moduleResolution: ts.ModuleResolutionKind.Bundler,
          sourceMap: false,
          declaration: false,
        },
      });
      return withoutSourceMap(outputText);
    },
  };
}

/** Where two texts part; null if they do not. */
export function firstDifference(a: string, b: string): number | null {
  if (a === b) return null;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}
