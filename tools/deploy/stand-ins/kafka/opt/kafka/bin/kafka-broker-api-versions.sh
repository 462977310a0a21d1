#!/bin/bash
exec /opt/kafka/bin/java-of org.apache.kafka.tools.BrokerApiVersionsCommand "$@"
