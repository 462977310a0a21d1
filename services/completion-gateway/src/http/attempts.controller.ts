import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { AttemptIds, Caller, HeartbeatAnswer } from '../front-door/index.ts';
import type { AttemptReports } from './attempt-reports.ts';
import { doneAnswer, heartbeatAnswer } from './answers.ts';
import { Answers, InNamespace } from './documented.ts';
import { failureOf } from './failure-json.ts';
import { payloadsOf } from './payload-json.ts';
import { reportIn } from './report-id.ts';
import { From, RequestId } from './request-context.ts';
import {
  completeById,
  completeByToken,
  detailsById,
  detailsByToken,
  failById,
  failByToken,
  nameInPath,
} from './requests.ts';
import { ATTEMPT_REPORTS } from './tokens.ts';

type DetailsById = z.output<typeof detailsById>;
type DetailsByToken = z.output<typeof detailsByToken>;

/** What whoever runs an activity says of it, by its ids: the attempt that is current. */
@ApiTags('attempts by ids')
@ApiBearerAuth()
@InNamespace()
@Controller('api/v1/namespaces/:namespace/activities/:activityId')
export class AttemptsByIdController {
  constructor(@Inject(ATTEMPT_REPORTS) private readonly reports: AttemptReports) {}

  @Post('complete')
  @HttpCode(200)
  @ApiOperation({ summary: 'Complete an activity, even one of which no attempt runs' })
  @Answers(doneAnswer, 409, 410)
  async complete(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: completeById }) body: z.output<typeof completeById>,
  ): Promise<object> {
    const result = payloadsOf(body.result, body.resultPayloads);
    await this.reports.complete(caller, idsOf(activityId, body), result, reportIn(caller, requestId));
    return {};
  }

  @Post('fail')
  @HttpCode(200)
  @ApiOperation({ summary: 'Fail the current attempt; the retry policy says whether there is another' })
  @Answers(doneAnswer, 409, 410)
  async fail(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: failById }) body: z.output<typeof failById>,
  ): Promise<object> {
    await this.reports.fail(caller, idsOf(activityId, body), failureReport(caller, requestId, body));
    return {};
  }

  @Post('heartbeat')
  @HttpCode(200)
  @ApiOperation({ summary: 'Say that it lives; the answer says whether it is to stop' })
  @Answers(heartbeatAnswer, 409, 410)
  heartbeat(
    @From() caller: Caller,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: detailsById }) body: DetailsById,
  ): Promise<HeartbeatAnswer> {
    return this.reports.heartbeat(caller, idsOf(activityId, body), detailsOf(body));
  }

  @Post('report-canceled')
  @HttpCode(200)
  @ApiOperation({ summary: 'Say that it has stopped because of a cancellation that was requested' })
  @Answers(doneAnswer, 409, 410)
  async reportCanceled(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: detailsById }) body: DetailsById,
  ): Promise<object> {
    await this.reports.reportCanceled(caller, idsOf(activityId, body), detailsOf(body), reportIn(caller, requestId));
    return {};
  }
}

/** The same by task token: that attempt and no other. */
@ApiTags('attempts by token')
@ApiBearerAuth()
@InNamespace()
@Controller('api/v1/namespaces/:namespace/activity-tasks')
export class AttemptsByTokenController {
  constructor(@Inject(ATTEMPT_REPORTS) private readonly reports: AttemptReports) {}

  @Post('complete')
  @HttpCode(200)
  @ApiOperation({ summary: 'Complete the attempt of a task token' })
  @Answers(doneAnswer, 409, 410)
  async complete(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Body({ schema: completeByToken }) body: z.output<typeof completeByToken>,
  ): Promise<object> {
    const result = payloadsOf(body.result, body.resultPayloads);
    await this.reports.complete(caller, tokenOf(body), result, reportIn(caller, requestId));
    return {};
  }

  @Post('fail')
  @HttpCode(200)
  @ApiOperation({ summary: 'Fail the attempt of a task token' })
  @Answers(doneAnswer, 409, 410)
  async fail(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Body({ schema: failByToken }) body: z.output<typeof failByToken>,
  ): Promise<object> {
    await this.reports.fail(caller, tokenOf(body), failureReport(caller, requestId, body));
    return {};
  }

  @Post('heartbeat')
  @HttpCode(200)
  @ApiOperation({ summary: 'Say that the attempt of a task token lives; the answer says whether it is to stop' })
  @Answers(heartbeatAnswer, 409, 410)
  heartbeat(@From() caller: Caller, @Body({ schema: detailsByToken }) body: DetailsByToken): Promise<HeartbeatAnswer> {
    return this.reports.heartbeat(caller, tokenOf(body), detailsOf(body));
  }

  @Post('report-canceled')
  @HttpCode(200)
  @ApiOperation({ summary: 'Say that the attempt of a task token has stopped because of a cancellation' })
  @Answers(doneAnswer, 409, 410)
  async reportCanceled(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Body({ schema: detailsByToken }) body: DetailsByToken,
  ): Promise<object> {
    await this.reports.reportCanceled(caller, tokenOf(body), detailsOf(body), reportIn(caller, requestId));
    return {};
  }
}

const idsOf = (activityId: string, { workflowId, runId }: Omit<AttemptIds, 'activityId'>): AttemptIds => ({
  activityId,
  workflowId,
  runId,
});

const tokenOf = ({ taskToken }: { readonly taskToken: string }): { readonly taskToken: Uint8Array } => ({
  taskToken: Buffer.from(taskToken, 'base64'),
});

const detailsOf = ({ details, detailsPayloads }: Pick<DetailsById, 'details' | 'detailsPayloads'>) =>
  payloadsOf(details, detailsPayloads);

function failureReport(caller: Caller, requestId: string, { failure }: Pick<z.output<typeof failById>, 'failure'>) {
  return { ...(failure === undefined ? {} : { failure: failureOf(failure) }), ...reportIn(caller, requestId) };
}
