/** The same clock in every process of a machine: milliseconds since the Unix epoch, with fractions. */
export const machineNow = (): number => performance.timeOrigin + performance.now();
