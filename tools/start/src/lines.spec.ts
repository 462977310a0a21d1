import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { eachLine } from './lines.ts';

test.each<[what: string, chunks: readonly string[], lines: readonly string[]]>([
  ['whole lines', ['one\ntwo\n'], ['one', 'two']],
  ['lines in pieces', ['on', 'e\nt', 'wo\n'], ['one', 'two']],
  ['a last line without an end', ['one\ntwo'], ['one', 'two']],
  ['ends as on Windows', ['one\r\ntwo\r\n'], ['one', 'two']],
  ['a letter in two pieces', ['\u00fc\n'], ['\u00fc']],
])('it tells %s', async (_, chunks, lines) => {
  const stream = new PassThrough();
  const told: string[] = [];
  eachLine(stream, (line) => told.push(line));
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    for (const byte of bytes) stream.write(Buffer.of(byte));
  }
  stream.end();
  await finished(stream);
  expect(told).toEqual(lines);
});
