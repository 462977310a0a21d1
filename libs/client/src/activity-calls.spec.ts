import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** What every call below stands after: activities as `typeof activities` of a module would be, and exact comparison of types. */
const head = [
  `import type { ActivityCalls } from './activity-calls.ts';`,
  `import type { ActivityHandle } from './activity-handle.ts';`,
  `import type { CommonStartOptions } from './start-activity-options.ts';`,
  `interface Receipt { readonly id: string }`,
  `interface Activities { charge(card: string, cents: number): Promise<Receipt>; refund(receiptId: string): Promise<void>; ping(note?: string): Promise<number>; hang(): Promise<never>; readonly version: string }`,
  `declare const execute: ActivityCalls<'execute'>;`,
  `declare const start: ActivityCalls<'start'>;`,
  `declare const step: ActivityCalls<'execute', CommonStartOptions, [id: string]>;`,
  `declare const either: 'refund' | 'ping';`,
  `const common = { taskQueue: 'q', timeouts: { startToClose: '30s' } } as const;`,
  `type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;`,
  `declare function is<T>(): <U>(value: U, same: Same<T, U>) => void;`,
];

const rightCalls = [
  `is<Receipt>()(await execute<Activities>('charge', { ...common, args: ['4242', 1999] }), true);`,
  `is<void>()(await execute<Activities>('refund', { ...common, args: ['r-1'] }), true);`,
  `is<ActivityHandle<number>>()(await start<Activities>('ping', { ...common, args: ['hello'] }), true);`,
  `is<void>()(await execute<Activities>('refund', { taskQueue: 'q', timeouts: { scheduleToClose: '1m' }, args: ['r-1'] }), true);`,
  // with something before the name
  `is<Receipt>()(await step<Activities>('pay', 'charge', { ...common, args: ['4242', 1999] }), true);`,
  `is<unknown>()(await step('pay', 'whatever', { ...common, args: [1] }), true);`,
  // where the activity can be called without arguments, they may be left out
  `is<number>()(await execute<Activities>('ping', common), true);`,
  // the name as a type argument, a name that is known only at run time, no types at all
  `is<Receipt>()(await execute<Activities, 'charge'>('charge', { ...common, args: ['4242', 1999] }), true);`,
  `is<number | void>()(await execute<Activities, typeof either>(either, { ...common, args: ['x'] }), true);`,
  `is<unknown>()(await execute('whatever', { ...common, args: [1, 'two', { three: 3 }] }), true);`,
];

const wrongCalls = [
  `await execute<Activities>('chargee', { ...common, args: ['4242', 1999] });`,
  `await execute<Activities>('version', common);`,
  `await execute<Activities>('charge', common);`,
  `await execute<Activities>('charge', { ...common, args: ['4242'] });`,
  `await execute<Activities>('charge', { ...common, args: [1999, '4242'] });`,
  `await execute<Activities>('charge', { ...common, args: ['4242', 1999, 0] });`,
  `await execute<Activities>('refund', { ...common, args: ['4242', 1999] });`,
  `await start<Activities>('hang', { ...common, args: [1] });`,
  `await start<Activities>('hang', { taskQueue: 'q' });`,
  `await start<Activities>('hang', { taskQueue: 'q', timeouts: {} });`,
  `await start<Activities>('hang', { taskQueue: 'q', timeouts: { heartbeat: '1s', scheduleToStart: '1m' } });`,
  `await start('hang', { taskQueue: 'q', timeouts: {} });`,
  `await step<Activities>('charge', { ...common, args: ['4242', 1999] });`,
  `await step<Activities>(1, 'charge', { ...common, args: ['4242', 1999] });`,
  `await step<Activities>('pay', 'chargee', { ...common, args: ['4242', 1999] });`,
  `await start<Activities>('hang', { ...common, timeouts: { startToClose: 'soon' } });`,
  `await start<Activities>('hang', { ...common, idConflictPolicy: 'never' });`,
  `const text: string = await execute<Activities>('charge', { ...common, args: ['4242', 1999] });`,
];

const file = fileURLToPath(new URL('./snippet-of-calls.ts', import.meta.url));

/** The calls in which the compiler finds an error, with what it says. */
function errorsIn(calls: readonly string[]): ReadonlyMap<string, string> {
  const program = programOf([...head, ...calls, 'export {};'].join('\n'));
  const snippet = program.getSourceFile(file);
  const errors = program.getSemanticDiagnostics(snippet).map(({ start = 0, messageText }) => {
    const line = snippet?.getLineAndCharacterOfPosition(start).line ?? 0;
    return [
      calls[line - head.length] ?? `line ${String(line)}`,
      ts.flattenDiagnosticMessageText(messageText, '\n'),
    ] as const;
  });
  return new Map(errors);
}

/** `text` as if it were a file of this folder. */
function programOf(text: string): ts.Program {
  const compilerOptions = { noEmit: true, rewriteRelativeImportExtensions: false, noUnusedLocals: false, types: [] };
  const config = { extends: '../../../tsconfig.base.json', compilerOptions };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(file));
  const host = ts.createCompilerHost({ ...options, composite: false });
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2024) : read(name, ...rest);
  return ts.createProgram([file], { ...options, composite: false, allowImportingTsExtensions: true }, host);
}

// One program for both, which takes seconds: calls are told apart by their lines.
test('execute and start know names, arguments and results of the activities, and nothing else compiles', () => {
  const errors = errorsIn([...rightCalls, ...wrongCalls]);
  expect([...errors.keys()]).toEqual(wrongCalls);
  const messageOf = (part: string): string => errors.get(wrongCalls.find((call) => call.includes(part)) ?? '') ?? '';
  // A name that is none is told all that there are, also after a step's id; what is wrong with the options of one, those.
  for (const mistyped of [`execute<Activities>('chargee'`, `step<Activities>('pay', 'chargee'`]) {
    const [, said] = / is not assignable to type 'OneOf<([^>]*)>'\.\n?/.exec(messageOf(mistyped)) ?? [];
    for (const name of ['charge', 'refund', 'ping', 'hang']) expect(said).toContain(`"${name}"`);
  }
  expect(messageOf(`args: ['4242'] }`)).toContain('Source has 1 element(s) but target requires 2.');
  expect(messageOf(`{ heartbeat: '1s'`)).toContain("Property 'startToClose' is missing");
}, 60_000);
