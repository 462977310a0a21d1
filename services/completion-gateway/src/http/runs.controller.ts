import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Caller, FrontDoor } from '../front-door/index.ts';
import { doneAnswer } from './answers.ts';
import { Answers, InNamespace } from './documented.ts';
import { From, RequestId } from './request-context.ts';
import { nameInPath, signalRequest } from './requests.ts';
import { argsOf } from './start-of.ts';
import { FRONT_DOOR } from './tokens.ts';

/** Workflow runs. */
@ApiTags('workflow runs')
@ApiBearerAuth()
@InNamespace()
@Controller('api/v1/namespaces/:namespace/workflows/:workflowId')
export class RunsController {
  constructor(@Inject(FRONT_DOOR) private readonly frontDoor: FrontDoor) {}

  @Post('signals/:signalName')
  @HttpCode(200)
  @ApiOperation({ summary: 'Signal a workflow run; the second signal with the same request id is dropped' })
  @Answers(doneAnswer, 409)
  async signal(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('workflowId', { schema: nameInPath }) workflowId: string,
    @Param('signalName', { schema: nameInPath }) signalName: string,
    @Body({ schema: signalRequest }) body: z.output<typeof signalRequest>,
  ): Promise<object> {
    const args = argsOf(body);
    await this.frontDoor.runs.signal(caller, { workflowId, runId: body.runId, signalName, args, requestId });
    return {};
  }
}
