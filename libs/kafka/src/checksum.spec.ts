import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { crc32c } from '@node-rs/crc32';

const require = createRequire(import.meta.url);
const kafkajsOwn = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js') as (bytes: Buffer) => number;

test('the native checksum is the one that kafkajs computes', () => {
  for (const length of [0, 1, 9, 511, 4096]) {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 31 + length) % 256));
    expect(crc32c(bytes)).toBe(kafkajsOwn(bytes) >>> 0);
  }
});

// A process of its own: Jest's module registry does not share Node's cache, which the product relies on.
test('kafkajs uses it', () => {
  const source = new URL('./connection.ts', import.meta.url).href;
  const script = `
    await import(${JSON.stringify(source)});
    const { createRequire } = await import('node:module');
    const require = createRequire(${JSON.stringify(source)});
    process.stdout.write(String(require('kafkajs/src/protocol/recordBatch/crc32C') === require('@node-rs/crc32').crc32c));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  expect(output).toBe('true');
});
