import type { DomainEvent } from './event.ts';
import type { PartitionState } from './partition-state.ts';

/** Applies one event to a partition's state. */
export const evolve = (state: PartitionState, event: DomainEvent): void => {
  state.apply(event);
};
