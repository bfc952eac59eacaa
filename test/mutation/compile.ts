import { join } from 'node:path';
import ts from 'typescript';
import { repositoryRoot } from '../support/paths.ts';
import { withoutSourceMap } from './sandbox.ts';

/** What judges and compiles one changed source file after the other. */
export interface Compiler {
  /** What the types say against a file with this content; null if they agree. */
  errorIn(file: string, content: string): string | null;
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
  const changed = { name: '', content: '', version: 0 };
  const service = ts.createLanguageService(
    {
      getCompilationSettings: () => options,
      getScriptFileNames: () => fileNames,
      getScriptVersion: (name) => (name === changed.name ? `changed ${changed.version}` : '0'),
      getScriptSnapshot: (name) => {
        const content = name === changed.name ? changed.content : ts.sys.readFile(name);
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
    errorIn(file, content) {
      changed.name = join(repositoryRoot, file);
      changed.content = content;
      changed.version++;
      const [error] = [
        ...service.getSyntacticDiagnostics(changed.name),
        ...service.getSemanticDiagnostics(changed.name),
      ].filter(({ category }) => category === ts.DiagnosticCategory.Error);
      return error ? ts.flattenDiagnosticMessageText(error.messageText, ' ') : null;
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
