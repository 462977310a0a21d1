import { checkOptions, signalShape } from './option-shapes.ts';

const signal = { workflowId: 'order', runId: undefined, name: 'shipped', args: [true], signalId: 'one' };

test('a signal is taken as it is, for the latest run too', () => {
  expect(() => {
    checkOptions(signalShape, signal);
    checkOptions(signalShape, { ...signal, runId: 'run-1', args: [] });
  }).not.toThrow();
});

test.each([
  { field: 'workflowId', given: undefined, message: 'as a string, but it is undefined' },
  { field: 'runId', given: null, message: 'as a string, but it is null' },
  { field: 'name', given: 7, message: 'as a string, but it is 7' },
  // Sent letter by letter otherwise.
  { field: 'args', given: 'abc', message: "as a list, but it is 'abc'" },
  { field: 'signalId', given: 7, message: 'as a string, but it is 7' },
])('a signal whose $field is $given is refused', ({ field, given, message }) => {
  expect(() => {
    checkOptions(signalShape, { ...signal, [field]: given });
  }).toThrow(`Expected to get ${field} ${message}`);
});
