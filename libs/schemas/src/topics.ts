import { topicTable } from './generated/topic-table.ts';

const {
  commands,
  queries,
  executions,
  outcomes,
  cancellations,
  completions,
  callbacks,
  callbackRetries,
  namespaces,
  replies,
  cluster,
} = topicTable.topics;

/** The topics that are there from the start, by name. Those of task queues are named by `taskTopic` of the domain. */
export const topics = {
  commands: commands.name,
  queries: queries.name,
  executions: executions.name,
  outcomes: outcomes.name,
  cancellations: cancellations.name,
  completions: completions.name,
  callbacks: callbacks.name,
  callbackRetries: callbackRetries.name,
  namespaces: namespaces.name,
  replies: replies.name,
  cluster: cluster.name,
} as const;

/** Where records go that a reader of `topic` could not read or handle. */
export const deadLetterTopic = (topic: string): string => `${topic}${topicTable.deadLetterTopics.suffix}`;
