import { OperationalError } from '@ratchet/kafka';

/** An address of a service, and the variables that set it. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly hostVariable: `RATCHET_${string}`;
  readonly portVariable: `RATCHET_${string}`;
}

/** `variable` is what sets the port: whoever started the process may choose another one. */
export class PortInUseError extends OperationalError {
  override readonly name = 'PortInUseError';
  readonly variable: string;

  constructor(message: string, variable: string, options?: ErrorOptions) {
    super(message, 'RKT1303', false, options);
    this.variable = variable;
  }
}

/**
 * Opens a server at an address.
 *
 * @throws OperationalError RKT1303 (rejects) when the port is in use (`PortInUseError`) or may not be had, or the host is
 * not this machine's.
 */
export async function listenAt<T>(address: ListenAddress, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    const reason = reasonOf(cause, address);
    if (reason === undefined) throw cause;
    const { host, port, hostVariable, portVariable } = address;
    const message = `Expected to listen at ${host}, port ${String(port)} (${hostVariable}, ${portVariable}), but ${reason}`;
    if (reason === inUse) throw new PortInUseError(message, portVariable, { cause });
    throw new OperationalError(message, 'RKT1303', false, { cause });
  }
}

const inUse = 'the port is in use: set another one, or stop what listens there';

/** The system's code is a property of some errors, and only in the message of others. */
function reasonOf(error: unknown, { host }: ListenAddress): string | undefined {
  const said = String(error);
  if (said.includes('EADDRINUSE')) return inUse;
  if (said.includes('EACCES')) return 'this user may not have the port';
  if (said.includes('EADDRNOTAVAIL') || said.includes('ENOTFOUND')) return `${host} is no address of this machine`;
  return undefined;
}
