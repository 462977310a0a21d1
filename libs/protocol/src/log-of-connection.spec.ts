import { logOfConnection } from './log-of-connection.ts';

test('whoever runs a worker hears what is wrong, and nothing of what kafkajs says to itself', () => {
  const heard: string[] = [];
  const log = logOfConnection((level, message) => void heard.push(`${level}: ${message}`));
  log('debug', 'kafkajs Producer: Limiting retries may invalidate EoS guarantees');
  log('info', 'connected');
  log('warn', 'the broker does not answer');
  log('error', 'a record is lost');
  expect(heard).toEqual(['debug: connected', 'warn: the broker does not answer', 'error: a record is lost']);
});
