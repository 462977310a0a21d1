// npm run -s strimzi -- [--cluster kafka] [--prefix team-a.] [--partitions 12] [--namespace default] [--task-queue orders]: prints
// KafkaTopics and KafkaUsers of an installation, to be applied beside Strimzi's operators.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { strimziDefaults, strimziTopics, strimziUsers } from './strimzi.ts';

const { values } = parseArgs({
  options: {
    cluster: { type: 'string', default: strimziDefaults.cluster },
    prefix: { type: 'string', default: strimziDefaults.prefix },
    partitions: { type: 'string' },
    namespace: { type: 'string', default: strimziDefaults.namespace },
    'task-queue': { type: 'string', default: strimziDefaults.taskQueue },
  },
});
const { cluster, prefix, partitions, namespace, 'task-queue': taskQueue } = values;
if (partitions !== undefined && !/^[1-9]\d{0,3}$/.test(partitions)) {
  process.stderr.write(
    `Expected --partitions to be a whole number from 1 to 9999, but it is ${JSON.stringify(partitions)}\n`,
  );
  process.exit(2);
}
if (!/^[a-zA-Z0-9._-]{0,40}$/.test(prefix) || prefix.includes('ratchet')) {
  process.stderr.write(
    `Expected --prefix to be up to 40 of a-z, A-Z, 0-9, ".", "_" and "-", without "ratchet" in it, but it is ${JSON.stringify(prefix)}\n`,
  );
  process.exit(2);
}
const options = {
  cluster,
  prefix,
  namespace,
  taskQueue,
  ...(partitions === undefined ? {} : { partitions: Number(partitions) }),
};
process.stdout.write(strimziTopics(options) + strimziUsers(options));
