import type { ExecutionId, RunId } from '@ratchet/domain';
import {
  failureToError,
  payloadsToValues,
  repetitions,
  type CommandDraft,
  type CommandReply,
  type LoadedDataConverter,
  type OutcomeReply,
  type RequestChannel,
} from '@ratchet/protocol';
import { ActivityFailedError } from './errors.ts';
import { refusalError, workflowRefusalError } from './refusal-error.ts';

/** What a client and its handles share. */
export interface ClientSession {
  readonly channel: RequestChannel;
  readonly namespace: string;
  readonly identity: string;
  readonly converter: LoadedDataConverter;
}

type Accepted = Extract<CommandReply['body'], { readonly type: 'Accepted' }>;

type ActivityCommandDraft = Extract<CommandDraft, { readonly target: ExecutionId }>;
type RunCommandDraft = Extract<CommandDraft, { readonly run: RunId }>;

/**
 * Sends a command to a workflow run, again and again until it is answered: its request id makes it one.
 *
 * @throws (rejects) the error of its refusal, or as `RequestChannel.request`.
 */
export async function sendToRun({ channel }: ClientSession, command: RunCommandDraft): Promise<Accepted['answer']> {
  const { body } = await channel.requestApart(command, { repetition: repetitions.runCommand });
  if (body.type === 'Refused') throw workflowRefusalError(body.refusal, command.run);
  return body.answer;
}

/** Sends a command. @throws (rejects) the error of its refusal, or as `RequestChannel.request`. */
export async function send({ channel }: ClientSession, command: ActivityCommandDraft): Promise<Accepted['answer']> {
  return acceptedAnswer(await channel.request(command), command.target);
}

/** @throws the error of a refusal. */
export function acceptedAnswer({ body }: CommandReply, target: ExecutionId): Accepted['answer'] {
  if (body.type === 'Refused') throw refusalError(body.refusal, target);
  return body.answer;
}

/**
 * The result of an activity that has ended.
 *
 * @throws ActivityFailedError (rejects) when it ended otherwise than with a result; the error of a refusal.
 */
export async function resultOf(
  { converter }: ClientSession,
  { body }: OutcomeReply,
  target: ExecutionId,
): Promise<unknown> {
  if (body.type === 'Refused') throw refusalError(body.refusal, target);
  const { outcome, status, runId } = body;
  if (outcome.type === 'success') {
    const [result] = await payloadsToValues(converter, outcome.result);
    return result;
  }
  const cause = await failureToError(converter, outcome.failure);
  const names = { activityId: target.activityId, runId };
  throw new ActivityFailedError(names, status === 'completed' ? 'failed' : status, outcome.retryState, cause);
}
