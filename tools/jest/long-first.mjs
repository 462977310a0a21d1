import TestSequencer from '@jest/test-sequencer';

/** Files that take half a minute and more: at the end of a run one of them would leave the other worker idle. */
const LONG = ['events', 'worker', 'grpc', 'partition-processor', 'fuzz'];

/** The long ones first; the others as Jest orders them, by what it remembers of them. */
export default class LongFirst extends TestSequencer {
  sort(tests) {
    const isLong = ({ path }) => LONG.some((name) => path.includes(`/${name}.broker.spec`));
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
