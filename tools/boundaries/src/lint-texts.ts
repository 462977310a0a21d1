import { text as textOf } from 'node:stream/consumers';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

/** A file as it might stand in the repository. */
export interface Fixture {
  readonly path: string;
  readonly text: string;
}

// Reads a JSON array of fixtures, prints a JSON array with the rules that each breaks. A process of its own: ESLint and its plugins
// are not made for the module registry of a test. Rules that need types are off, since the files do not exist.
const fixtures = JSON.parse(await textOf(process.stdin)) as Fixture[];
const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] });
const broken: string[][] = [];
for (const fixture of fixtures) {
  const [result] = await eslint.lintText(fixture.text, { filePath: fixture.path });
  broken.push((result?.messages ?? []).map((message) => message.ruleId ?? message.message));
}
console.log(JSON.stringify(broken));
