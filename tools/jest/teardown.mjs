export { stopTestBrokers as default } from '../../libs/testing/src/test-broker.ts';
