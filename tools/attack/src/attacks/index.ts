import type { Attack } from '../target.ts';
import { openAttacks } from './open-attacks.ts';
import { producerAttacks } from './producer-attacks.ts';
import { strangerAttacks } from './stranger-attacks.ts';
import { tenantAttacks } from './tenant-attacks.ts';

/** Nothing happens: how much two measurements of one sitting differ by themselves. */
const nothing: Attack = {
  about: 'no attack at all, to compare',
  run: (_target, _told, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(undefined);
      });
    }),
};

/** By name, those that leave the least behind first. */
export const attacks: Readonly<Record<string, Attack>> = {
  nothing,
  ...strangerAttacks,
  ...tenantAttacks,
  ...openAttacks,
  ...producerAttacks,
};
