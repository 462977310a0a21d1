import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { ActivityCalls } from './activity-calls.ts';
import type { ActivityHandle } from './activity-handle.ts';

// What the compiler must know of `execute` and `start`: the calls here are right when this file compiles, the wrong ones
// are given to the compiler in a test.

/** Type-checks only when the two types are one. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

interface Receipt {
  readonly id: string;
}

/** As `typeof activities` of a module. */
interface Activities {
  readonly charge: (card: string, cents: number) => Promise<Receipt>;
  readonly refund: (receiptId: string) => Promise<void>;
  readonly ping: (note?: string) => Promise<number>;
  readonly hang: () => Promise<never>;
  readonly version: string;
}

const common = { taskQueue: 'payments', timeouts: { startToClose: '30s' } } as const;

/** Never called. */
async function calls(execute: ActivityCalls<'execute'>, start: ActivityCalls<'start'>): Promise<void> {
  const receipt = await execute<Activities>('charge', { ...common, args: ['4242', 1999] });
  same<typeof receipt, Receipt>(true);
  const nothing = await execute<Activities>('refund', { ...common, args: ['r-1'] });
  same<typeof nothing, void>(true);
  const handle = await start<Activities>('ping', { ...common, args: ['hello'] });
  same<typeof handle, ActivityHandle<number>>(true);

  // Where the activity can be called without arguments, they may be left out.
  const pinged = await execute<Activities>('ping', common);
  same<typeof pinged, number>(true);

  // The name as a type argument, a name that is known only at run time, no types at all.
  const named = await execute<Activities, 'charge'>('charge', { ...common, args: ['4242', 1999] });
  same<typeof named, Receipt>(true);
  const either: 'refund' | 'ping' = Math.random() > 0.5 ? 'refund' : 'ping';
  const oneOfTwo = await execute<Activities, typeof either>(either, { ...common, args: ['x'] });
  same<typeof oneOfTwo, number | void>(true);
  const untyped = await execute('whatever', { ...common, args: [1, 'two', { three: 3 }] });
  same<typeof untyped, unknown>(true);
}

/** Calls that must not compile, one a line; each follows the declarations of `snippetHead`. */
const wrongCalls = [
  `execute<Activities>('chargee', { ...common, args: ['4242', 1999] });`,
  `execute<Activities>('version', common);`,
  `execute<Activities>('charge', common);`,
  `execute<Activities>('charge', { ...common, args: ['4242'] });`,
  `execute<Activities>('charge', { ...common, args: [1999, '4242'] });`,
  `execute<Activities>('charge', { ...common, args: ['4242', 1999, 0] });`,
  `execute<Activities>('refund', { ...common, args: ['4242', 1999] });`,
  `start<Activities>('hang', { ...common, args: [1] });`,
  `start<Activities>('hang', { taskQueue: 'q' });`,
  `start<Activities>('hang', { ...common, timeouts: { startToClose: 'soon' } });`,
  `start<Activities>('hang', { ...common, idConflictPolicy: 'never' });`,
  `const text: string = await execute<Activities>('charge', { ...common, args: ['4242', 1999] });`,
];
const rightCalls = [
  `const receipt: { readonly id: string } = await execute<Activities>('charge', { ...common, args: ['4242', 1999] });`,
  `const pong: number = await (await start<Activities>('ping', common)).result();`,
];
const snippetHead = [
  `import type { ActivityCalls } from './activity-calls.ts';`,
  `interface Activities { charge(card: string, cents: number): Promise<{ readonly id: string }>; refund(id: string): Promise<void>; ping(note?: string): Promise<number>; hang(): Promise<never>; readonly version: string }`,
  `declare const execute: ActivityCalls<'execute'>;`,
  `declare const start: ActivityCalls<'start'>;`,
  `const common = { taskQueue: 'q', timeouts: { startToClose: '30s' } } as const;`,
];

/** The lines of `lines`, after the head, in which the compiler finds an error; counted from 0. */
function linesInError(lines: readonly string[]): readonly number[] {
  const file = fileURLToPath(new URL('./snippet-of-calls.ts', import.meta.url));
  const text = [...snippetHead, ...lines, 'export {};'].join('\n');
  const options = ts.parseJsonConfigFileContent(
    {
      extends: '../../../tsconfig.base.json',
      compilerOptions: {
        noEmit: true,
        composite: false,
        rewriteRelativeImportExtensions: false,
        allowImportingTsExtensions: true,
        noUnusedLocals: false,
        types: [],
      },
    },
    ts.sys,
    dirname(file),
  ).options;
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2024) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const snippet = program.getSourceFile(file);
  const found = program
    .getSemanticDiagnostics(snippet)
    .map(({ start = 0 }) => snippet?.getLineAndCharacterOfPosition(start).line ?? 0);
  return [...new Set(found)].map((line) => line - snippetHead.length).sort((a, b) => a - b);
}

describe('execute and start, typed by the activities', () => {
  test('know arguments and result', () => {
    expect(calls).toBeInstanceOf(Function);
  });

  test('do not compile when name, arguments, options or the use of the result are wrong', () => {
    expect(linesInError([...wrongCalls, ...rightCalls])).toEqual(wrongCalls.map((_, index) => index));
  }, 60_000);
});
