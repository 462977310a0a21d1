import type { DomainEvent } from './event.ts';
import type { PartitionState } from './partition-state.ts';

/** Applies one event to a partition's state. @returns the keys of the state topic whose records are others now. */
export const evolve = (state: PartitionState, event: DomainEvent): readonly string[] => state.apply(event);
