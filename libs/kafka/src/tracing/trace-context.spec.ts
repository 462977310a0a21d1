import { KeyTraces } from '../partition/record-handler.ts';
import { isSampled, readTrace, traceFields, traceIdOf, traceOfLine, type TraceHeader } from './trace-context.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const other = '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const list = (count: number): string => Array.from({ length: count }, (_, index) => `k${String(index)}=v`).join(',');

describe('the headers of a trace', () => {
  test.each<{ header: TraceHeader; value: string }>([
    { header: 'traceparent', value: traceparent },
    { header: 'traceparent', value: traceparent.replace(/01$/, '00') },
    { header: 'tracestate', value: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' },
    { header: 'tracestate', value: 'fw529a3039@dt=FfffffffC, , es=s:1' },
    { header: 'tracestate', value: list(32) },
    { header: 'baggage', value: 'userId=alice,serverNode=DF%2028,isProduction=false' },
    {
      header: 'baggage',
      value: 'key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue',
    },
    { header: 'baggage', value: list(64) },
    { header: 'baggage', value: `a=${'x'.repeat(8190)}` },
  ])('that are right travel on: $header $value', ({ header, value }) => {
    expect(readTrace({ traceparent, [header]: value })).toEqual({ traceparent, [header]: value });
    expect(readTrace({ traceparent, [header]: Buffer.from(value) })).toEqual({ traceparent, [header]: value });
  });

  test.each<{ header: TraceHeader; value: unknown }>([
    ...(['traceparent', 'tracestate', 'baggage'] as const).flatMap((header) => [
      { header, value: `a=${'x'.repeat(traceFields[header].bytesMax)}` },
      { header, value: 'x'.repeat(8_000) },
      { header, value: '' },
      { header, value: 'a=1\r\nb=2' },
      { header, value: 'a=ä' },
      { header, value: ['a=1'] },
      { header, value: 7 },
      { header, value: null },
    ]),
    { header: 'traceparent', value: traceparent.replace('0af', '0AF') },
    { header: 'traceparent', value: `01${traceparent.slice(2)}` },
    { header: 'traceparent', value: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` },
    { header: 'traceparent', value: `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01` },
    { header: 'tracestate', value: list(33) },
    { header: 'tracestate', value: 'Upper=1' },
    { header: 'tracestate', value: 'a=1=2' },
    { header: 'baggage', value: list(65) },
    { header: 'baggage', value: 'a="quoted"' },
    { header: 'baggage', value: 'a=1;;' },
  ])('that are not do not travel: $header $value', ({ header, value }) => {
    const read = readTrace({ traceparent, tracestate: 'a=1', baggage: 'b=2', [header]: value });
    expect(read).not.toHaveProperty(header);
    // Beside no trace its state says nothing; baggage is its own.
    expect(read?.tracestate).toBe(header === 'baggage' ? 'a=1' : undefined);
    expect(read?.baggage).toBe(header === 'baggage' ? undefined : 'b=2');
  });

  test('a shape takes no longer for a text that nearly is one', () => {
    const begunAt = performance.now();
    for (const value of [
      `a=${' '.repeat(8_000)}"`,
      `a=1${';a'.repeat(4_000)}"`,
      `a${' '.repeat(8_000)}`,
      ','.repeat(8_192),
    ])
      readTrace({ baggage: value });
    expect(performance.now() - begunAt).toBeLessThan(1_000);
  });

  test('say whether whoever began it wants its spans', () => {
    expect(isSampled({ traceparent })).toBe(true);
    expect(isSampled({ traceparent: traceparent.replace(/01$/, '00') })).toBe(false);
    expect(isSampled({ traceparent: traceparent.replace(/01$/, '03') })).toBe(true);
    expect(isSampled({})).toBeUndefined();
    expect(traceIdOf({ traceparent })).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(traceOfLine({ traceparent })).toEqual({
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
    });
    expect(traceOfLine(undefined)).toEqual({});
  });
});

describe('a key of the state', () => {
  const later = { traceparent: traceparent.replace('b7ad', 'c7ad') };

  test('stays in the trace in which it began, at its latest span', () => {
    const traces = new KeyTraces();
    expect(traces.changed('key', { traceparent }, true)).toEqual({ traceparent });
    expect(traces.changed('key', later)).toEqual(later);
    expect(traces.changed('key', { traceparent: other })).toEqual(later);
    expect(traces.changed('key', undefined)).toEqual(later);
    expect(traces.of('key')).toEqual(later);
  });

  test('that begins anew belongs to the trace that begins it', () => {
    const traces = new KeyTraces();
    traces.changed('key', { traceparent }, true);
    expect(traces.changed('key', { traceparent: other }, true)).toEqual({ traceparent: other });
    expect(traces.changed('key', undefined, true)).toBeUndefined();
    expect(traces.of('key')).toBeUndefined();
  });

  test('is remembered while there is room: the one that was not needed for longest goes first', () => {
    const traces = new KeyTraces();
    const baggage = `a=${'x'.repeat(8_000)}`;
    traces.changed('first', { traceparent });
    traces.changed('second', { traceparent, baggage });
    traces.changed('first', later);
    for (let index = 0; index < 2_000 && traces.of('second') !== undefined; index++)
      traces.changed(`key ${String(index)}`, { traceparent, baggage });
    expect([traces.of('first'), traces.of('second')]).toEqual([later, undefined]);
  });
});
