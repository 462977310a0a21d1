const {
  KAFKA_BROKERS: brokers = '127.0.0.1:9092',
  SCHEMA_REGISTRY_URL: registry = '',
  KAFKA_CA_FILE: ca = '',
  KAFKA_USERNAME: username = '',
  KAFKA_PASSWORD_FILE: password = '',
} = process.env;

/** Where Kafka and the schema registry are, and who this is to a Kafka that asks. */
export const connection = {
  brokers,
  registry,
  ...(ca && { tls: { ca: { file: ca } } }),
  ...(username && { sasl: { mechanism: 'scram-sha-512' as const, username, password: { file: password } } }),
};
