import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticator.ts';
import { authenticateRequest, rememberPrincipal } from './request-context.ts';
import { AUTHENTICATOR } from './tokens.ts';

/**
 * Lets nobody in whom the authenticator does not know. What they may do is asked by the front door, per namespace.
 *
 * A controller that forgets it takes no calls: `From` finds nobody.
 */
@Injectable()
export class PrincipalGuard implements CanActivate {
  constructor(@Inject(AUTHENTICATOR) private readonly authenticator: Authenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    rememberPrincipal(request, await authenticateRequest(this.authenticator, request));
    return true;
  }
}
