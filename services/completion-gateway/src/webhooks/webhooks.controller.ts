import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { webhookAnswer } from '../http/answers.ts';
import { Answers } from '../http/documented.ts';
import { traceOfRequest } from '../http/request-context.ts';
import { WEBHOOKS } from '../http/tokens.ts';
import type { Delivery, WebhookDeliveries } from './webhook-deliveries.ts';

/** Where other systems deliver their webhooks; the signature says who they are. */
@ApiTags('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(@Inject(WEBHOOKS) private readonly deliveries: WebhookDeliveries) {}

  @Post(':name')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Deliver a webhook',
    description:
      'Signed as Standard Webhooks says. Its id is remembered: a repeated delivery counts once, and none counts for a run ' +
      'that began after it was sent.',
  })
  @ApiHeader({ name: 'webhook-id', required: true })
  @ApiHeader({ name: 'webhook-timestamp', required: true })
  @ApiHeader({ name: 'webhook-signature', required: true })
  @Answers(webhookAnswer, 409)
  @ApiParam({ name: 'name', schema: { type: 'string' } })
  deliver(@Req() request: FastifyRequest): Promise<{ readonly ignored: boolean }> {
    // What the gate has verified stands in place of the body.
    return this.deliveries.receive(request.body as Delivery, traceOfRequest(request));
  }
}
