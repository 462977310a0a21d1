import { createServer } from 'node:net';

/** `port` when nobody listens on it on the loopback address, else `otherwise`. */
export function freePortOr(port: number, otherwise: number): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(otherwise);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(port);
      });
    });
  });
}
