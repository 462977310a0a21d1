import { principals, rightsOf, userOf } from '@ratchet/schemas';
import { securedUsers } from '@ratchet/tools-kafka';
import { parseAllDocuments } from 'yaml';
import { aclFormats, exportedAcls, grantsOf } from './acls.ts';

const worker = { prefix: 'stage.', of: ['worker'], namespace: 'shop', taskQueue: 'mail' } as const;
const queue = 'ratchet.activity.tasks.shop.mail';

test('everyone is a user of his own, whom a secured broker of this repository knows, or is whom one says', () => {
  const users = new Set(grantsOf({ prefix: '' }).map(({ user }) => user));
  expect([...users]).toEqual(principals.map((who) => userOf(who, { prefix: '' })));
  expect([...users]).toEqual(securedUsers);
  const named = grantsOf({ ...worker, users: new Map([['worker', 'CN=mail']]) });
  expect(new Set(named.map(({ user }) => user))).toEqual(new Set(['CN=mail']));
});

test('as json it is the table', () => {
  const { of: _, ...options } = worker;
  expect(JSON.parse(exportedAcls('json', worker))).toEqual({ 'stage.ratchet-worker': rightsOf('worker', options) });
});

test("as kafka-acls it is a shell script of Kafka's own tool, a command for each right", () => {
  const lines = exportedAcls('kafka-acls', { ...worker, users: new Map([['worker', "CN=o'mail"]]) }).split('\n');
  expect(lines[0]).toBe('#!/bin/sh');
  expect(lines).toContain(
    String.raw`kafka-acls.sh --bootstrap-server "$BROKERS" --command-config "$ADMIN" --add --allow-principal 'User:CN=o'\''mail' ` +
      `--operation Read --operation Write --topic 'stage.${queue}' --resource-pattern-type literal`,
  );
  expect(lines).toContainEqual(
    expect.stringMatching(
      / --operation Read --operation Delete --group 'stage\.ratchet\.replies\.' --resource-pattern-type prefixed$/,
    ),
  );
  expect(lines.filter((line) => line.startsWith('kafka-acls.sh'))).toHaveLength(grantsOf(worker).length);
});

test("as strimzi it is a KafkaUser each, with Strimzi's words", () => {
  const users = parseAllDocuments(exportedAcls('strimzi', { prefix: '' })).map((document) => document.toJS() as object);
  expect(users).toHaveLength(principals.length);
  expect(users[0]).toMatchObject({
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaUser',
    metadata: { name: 'ratchet-scheduler' },
    spec: { authorization: { type: 'simple' } },
  });
  expect(users[0]).toHaveProperty('spec.authorization.acls.0', {
    resource: { type: 'topic', name: 'ratchet.', patternType: 'prefix' },
    operations: ['Create', 'Describe', 'DescribeConfigs'],
  });
});

test.each(aclFormats)('%s ends with a line break, and is the same every time', (format) => {
  expect(exportedAcls(format, worker)).toMatch(/\n$/);
  expect(exportedAcls(format, worker)).toBe(exportedAcls(format, worker));
});

test.each([
  [{ prefix: 'Team_A.' }, 'Team_A.ratchet-scheduler, Team_A.ratchet-timeout-tracker'],
  [{ ...worker, users: new Map([['worker', 'CN=mail']] as const) }, 'CN=mail'],
])('as strimzi, a user whose name Kubernetes does not take is refused: %j', (options, users) => {
  expect(() => exportedAcls('strimzi', options)).toThrow(`but it does not take ${users}`);
});
