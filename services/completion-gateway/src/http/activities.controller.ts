import { isClosed } from '@ratchet/domain';
import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { activityIdOf } from '@ratchet/protocol';
import { checkCallbackPolicy, type CallbackPolicy } from '../callbacks/callback-policy.ts';
import type { Caller, FrontDoor, StartActivityRequest, StartedActivity } from '../front-door/index.ts';
import { activityJson, outcomeJson, resultJson } from './activity-json.ts';
import {
  activityAnswer,
  doneAnswer,
  resultAnswer,
  startedAnswer,
  type ActivityJson,
  type OutcomeJson,
  type PendingJson,
} from './answers.ts';
import { Answers, InNamespace } from './documented.ts';
import { sendOutcomeEvents } from './outcome-events.ts';
import { ProblemError } from './problem.ts';
import { From, Listening, RequestId, type Listener } from './request-context.ts';
import {
  activityQuery,
  nameInPath,
  plainOrder,
  reasonedOrder,
  resetOrder,
  resultQuery,
  startRequest,
} from './requests.ts';
import { mayHaveStarted, startOf } from './start-of.ts';
import { CALLBACK_POLICY, FRONT_DOOR } from './tokens.ts';

const waitMsMax = 60_000;
const notGiven = ['heartbeat-details', 'result'] as const;

type Order = z.output<typeof plainOrder>;
type ReasonedOrder = z.output<typeof reasonedOrder>;

/** Standalone activities: started, seen, waited for, and asked to do something else. */
@ApiTags('activities')
@ApiBearerAuth()
@InNamespace()
@Controller('api/v1/namespaces/:namespace/activities')
export class ActivitiesController {
  constructor(
    @Inject(FRONT_DOOR) private readonly frontDoor: FrontDoor,
    @Inject(CALLBACK_POLICY) private readonly callbacks: () => CallbackPolicy,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Start an activity', description: 'Once it is answered, the activity ends exactly once.' })
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @Answers(startedAnswer, 409)
  async start(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Body({ schema: startRequest }) body: z.output<typeof startRequest>,
  ): Promise<StartedActivity & { readonly activityId: string }> {
    checkCallbackPolicy(body.callbackUrls ?? [], this.callbacks());
    // A request that may be repeated must find what it has started.
    const ownId = requestId === '' ? randomUUID() : activityIdOf(body.activityType, requestId);
    const activityId = body.activityId ?? ownId;
    const request = startOf(body, activityId, requestId);
    const { runId, started } = await this.frontDoor.activities.start(caller, request);
    const isRepeated = !started && (body.activityId === undefined || body.idConflictPolicy === 'fail');
    if (isRepeated) await this.#checkRepetition(caller, request, runId);
    return { activityId, runId, started };
  }

  /** @throws ProblemError (rejects) 422 when what was started with the request id is something else. */
  async #checkRepetition(caller: Caller, request: StartActivityRequest, runId: string): Promise<void> {
    const { activityId } = request;
    const { activity } = await this.frontDoor.activities.describe(caller, { activityId, runId }, notGiven);
    if (mayHaveStarted(request, activity)) return;
    const found = `activity ${activityId} was started with this requestId, with another type, task queue or arguments`;
    throw new ProblemError(422, `${found}: a new request needs a requestId (or Idempotency-Key) of its own`, { runId });
  }

  @Get(':activityId')
  @ApiOperation({ summary: 'Describe an activity' })
  @Answers(activityAnswer)
  async describe(
    @From() caller: Caller,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Query({ schema: activityQuery }) { runId }: z.output<typeof activityQuery>,
  ): Promise<ActivityJson> {
    return activityJson(await this.frontDoor.activities.describe(caller, { activityId, runId }));
  }

  @Get(':activityId/result')
  @ApiOperation({
    summary: 'The outcome of an activity',
    description:
      'Waits up to `wait`; still open then, it says so. With `Accept: text/event-stream` the connection stays open ' +
      'until the outcome comes as the event `outcome`.',
  })
  @ApiProduces('application/json', 'text/event-stream')
  @Answers(resultAnswer)
  async result(
    @From() caller: Caller,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Query({ schema: resultQuery }) { runId, wait = 0 }: z.output<typeof resultQuery>,
    @Listening() { wantsEvents, gone, reply }: Listener,
  ): Promise<OutcomeJson | PendingJson | undefined> {
    const { activities } = this.frontDoor;
    const { activity } = await activities.describe(caller, { activityId, runId });
    // The run that was latest when it was asked for, whatever is started meanwhile.
    const ref = { activityId, runId: activity.id.runId };
    if (wantsEvents) {
      await sendOutcomeEvents(reply, gone, () => activities.awaitOutcome(caller, ref, gone));
      return undefined;
    }
    if (isClosed(activity) || wait === 0) return resultJson(activity);
    const until = AbortSignal.any([gone, AbortSignal.timeout(Math.min(wait, waitMsMax))]);
    const reached = await activities.awaitOutcome(caller, ref, until);
    return reached === undefined ? resultJson(activity) : outcomeJson(reached.runId, reached.status, reached.outcome);
  }

  @Post(':activityId/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'Request the cancellation of an activity' })
  @Answers(doneAnswer, 409)
  async cancel(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: reasonedOrder }) { runId, reason }: ReasonedOrder,
  ): Promise<object> {
    await this.frontDoor.activities.requestCancel(caller, { activityId, runId, reason, requestId });
    return {};
  }

  @Post(':activityId/terminate')
  @HttpCode(200)
  @ApiOperation({ summary: 'End an activity without asking its worker' })
  @Answers(doneAnswer, 409)
  async terminate(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: reasonedOrder }) { runId, reason }: ReasonedOrder,
  ): Promise<object> {
    await this.frontDoor.activities.terminate(caller, { activityId, runId, reason, requestId });
    return {};
  }

  @Post(':activityId/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Pause an activity: no further attempt until it is unpaused' })
  @Answers(doneAnswer, 409)
  async pause(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: reasonedOrder }) { runId, reason }: ReasonedOrder,
  ): Promise<object> {
    await this.frontDoor.activities.pause(caller, { activityId, runId, reason, requestId });
    return {};
  }

  @Post(':activityId/unpause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a paused activity go on' })
  @Answers(doneAnswer, 409)
  async unpause(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: plainOrder }) { runId }: Order,
  ): Promise<object> {
    await this.frontDoor.activities.unpause(caller, { activityId, runId, requestId });
    return {};
  }

  @Post(':activityId/reset')
  @HttpCode(200)
  @ApiOperation({ summary: 'Begin an activity anew, at attempt 1' })
  @Answers(doneAnswer, 409)
  async reset(
    @From() caller: Caller,
    @RequestId() requestId: string,
    @Param('activityId', { schema: nameInPath }) activityId: string,
    @Body({ schema: resetOrder }) body: z.output<typeof resetOrder>,
  ): Promise<object> {
    const { runId, keepPaused, resetHeartbeat, restoreOriginalOptions } = body;
    const how = { keepPaused, resetHeartbeat, restoreOriginalOptions };
    await this.frontDoor.activities.reset(caller, { activityId, runId, requestId, ...how });
    return {};
  }
}
