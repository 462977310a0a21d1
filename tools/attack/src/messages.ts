import type { Measured } from './measured.ts';
import type { Target } from './target.ts';

// What the processes of an attack say to each other.

/** To the neighbour. */
export interface Measure {
  readonly type: 'measure';
  readonly ms: number;
}

/** From the neighbour. */
export interface MeasuredMessage {
  readonly type: 'measured';
  readonly measured: Measured;
}

/** To the attacker. */
export type AttackerOrder =
  | { readonly type: 'attack'; readonly name: string; readonly target: Target }
  /** Enough: look how it was taken. */
  | { readonly type: 'enough' };

/** From the attacker, once it has looked. */
export interface AttackerReport {
  readonly type: 'report';
  readonly told: Readonly<Record<string, number>>;
  readonly notRefused?: string;
}

/** What the neighbour's processes find in their environment. */
export const variables = {
  grpcAddress: 'ATTACK_GRPC_ADDRESS',
  httpUrl: 'ATTACK_HTTP_URL',
  key: 'ATTACK_NEIGHBOUR_KEY',
  brokers: 'ATTACK_BROKERS',
  registryUrl: 'ATTACK_REGISTRY_URL',
} as const;

/** @throws Error when it is not set: such a process is started by the attack alone. */
export function required(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`Expected to find ${variable} in the environment, but it is not set`);
  return value;
}
