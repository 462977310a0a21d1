import type { FastifyInstance } from 'fastify';
import { ProblemError } from './problem.ts';

/** No more than `max` requests are under way at once; the next is told to come again (429). */
export function limitRequests(instance: Pick<FastifyInstance, 'addHook'>, max: number): void {
  let underWay = 0;
  instance.addHook('onRequest', (_, reply, done) => {
    if (underWay >= max) {
      done(new ProblemError(429, `more than ${String(max)} requests are under way here`));
      return;
    }
    underWay++;
    reply.raw.once('close', () => {
      underWay--;
    });
    done();
  });
}
