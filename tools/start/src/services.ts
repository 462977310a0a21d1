import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** The services, in the order in which they are shown; their default ports of health stand in their own configuration too. */
export const services = [
  { name: 'scheduler', healthPort: 9401 },
  { name: 'timeout-tracker', healthPort: 9402 },
  { name: 'cancellation', healthPort: 9403 },
  { name: 'completion-gateway', healthPort: 9404 },
] as const;

export type ServiceName = (typeof services)[number]['name'];

/** The built entry of a service. @param root of the repository that it was built in; default: this one. */
export const mainOf = (name: ServiceName, root = ROOT): string => join(root, 'services', name, 'dist', 'main.js');
