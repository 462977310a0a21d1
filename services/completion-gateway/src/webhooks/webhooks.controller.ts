import { Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { webhookAnswer } from '../http/answers.ts';
import { Answers } from '../http/documented.ts';
import { WEBHOOKS } from '../http/tokens.ts';
import type { WebhookDeliveries } from './webhook-deliveries.ts';

/** Where other systems deliver their webhooks; the signature says who they are. */
@ApiTags('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(@Inject(WEBHOOKS) private readonly deliveries: WebhookDeliveries) {}

  @Post(':name')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Deliver a webhook',
    description: 'Signed as Standard Webhooks says. Its id is remembered: a repeated delivery counts once.',
  })
  @ApiHeader({ name: 'webhook-id', required: true })
  @ApiHeader({ name: 'webhook-timestamp', required: true })
  @ApiHeader({ name: 'webhook-signature', required: true })
  @Answers(webhookAnswer, 409, 410)
  deliver(
    @Param('name') name: string,
    @Req() { headers, body }: FastifyRequest,
  ): Promise<{ readonly ignored: boolean }> {
    return this.deliveries.receive(name, { headers, body: Buffer.isBuffer(body) ? body : Buffer.alloc(0) });
  }
}
