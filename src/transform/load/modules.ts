import { dirname, resolve } from 'node:path';
import { resolution } from './compile.js';

/**
 * The files from which a transform is compiled: its own and its relative imports. If it can't be compiled,
 * only its own file is known.
 */
export async function modulesOf(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  try {
    const esbuild = await import('esbuild');
    const { metafile } = await esbuild.build({
      entryPoints: [path],
      absWorkingDir: folder,
      write: false,
      bundle: true,
      metafile: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
      plugins: [resolution()],
    });
    return [
      ...new Set([path, ...Object.keys(metafile.inputs).map((input) => resolve(folder, input))]),
    ].sort();
  } catch {
    return [path];
  }
}
