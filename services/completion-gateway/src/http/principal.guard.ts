import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticator.ts';
import { rememberPrincipal } from './request-context.ts';

/** Lets nobody in whom the authenticator does not know. What they may do is asked by the front door, per namespace. */
export class PrincipalGuard implements CanActivate {
  readonly #authenticator: Authenticator;

  constructor(authenticator: Authenticator) {
    this.#authenticator = authenticator;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    rememberPrincipal(request, await this.#authenticator.authenticate(request.headers.authorization));
    return true;
  }
}
