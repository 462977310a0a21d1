export { progressKey, SchedulerLogic } from './scheduler-logic.ts';
export { TaskTopics } from './task-topics.ts';
