import { randomUUID } from 'node:crypto';
import { checkLength, type Answer, type ExecutionId, type Namespace } from '@ratchet/domain';
import { noTrace, type TraceContext } from '@ratchet/kafka';
import type { CommandDraft, CommandReply, RequestChannel, RequestOptions } from '@ratchet/protocol';
import { recorded, type Caller, type Role } from './caller.ts';
import { FrontDoorError } from './front-door-error.ts';
import { asFrontDoorError, refusedError, throwRefusal } from './front-door-errors.ts';
import { NamespaceLimits } from './namespace-limits.ts';
import type { NamespaceDirectory } from './namespace-directory.ts';
import type { Quota } from '../limits/quota.ts';

type WithoutSender<C> = C extends CommandDraft ? Omit<C, 'identity' | 'principal' | 'requestId'> : never;
/** A command but for who sends it. */
export type CommandOfCaller = WithoutSender<CommandDraft>;

/** How many polls may be open. */
export type PollLimit = Pick<Quota, 'during'>;

/** How a command is sent. */
export interface SendOptions {
  /** The caller's own; absent or empty: one is made. */
  readonly requestId?: string | undefined;
}

/** What every call passes: may the caller come in, and what does the log say. */
export class Desk {
  readonly channel: RequestChannel;
  readonly #directory: Pick<NamespaceDirectory, 'find'>;
  readonly #limits = new NamespaceLimits();
  readonly #polls: PollLimit;

  constructor(channel: RequestChannel, directory: Pick<NamespaceDirectory, 'find'>, polls: PollLimit) {
    this.channel = channel;
    this.#directory = directory;
    this.#polls = polls;
  }

  /**
   * Lets a caller in, who is told of a namespace's absence only if it could use it.
   *
   * @throws FrontDoorError INVALID_ARGUMENT without a namespace, PERMISSION_DENIED, NOT_FOUND for an unknown namespace,
   * RESOURCE_EXHAUSTED for one that has made too many requests this second.
   */
  admit(caller: Caller, role: Role): Namespace {
    const found = this.find(caller, role);
    this.#limits.admit(found);
    return found;
  }

  /** As `admit`, but for the limit: who is to change it must not be kept out by it. */
  find({ namespace, principal }: Caller, role: Role): Namespace {
    if (namespace === '') throw new FrontDoorError('INVALID_ARGUMENT', 'Namespace is empty.');
    throwRefusal(checkLength('namespace', namespace));
    if (!principal.may(role, namespace)) throw notPermitted(namespace);
    const found = this.#directory.find(namespace);
    if (found === undefined) throw namespaceNotFound(namespace);
    return found;
  }

  /** Waits for something that may be long in coming. @throws FrontDoorError (rejects) RESOURCE_EXHAUSTED: too many do. */
  poll<T>({ principal }: Caller, wait: () => Promise<T>): Promise<T> {
    return this.#polls.during(principal, wait);
  }

  /**
   * Appends a command and waits for the answer of the log. Nobody is told of success before it is in the log.
   *
   * @throws FrontDoorError with the log's refusal, or UNAVAILABLE when no answer came: it may still be carried out.
   */
  async send(caller: Caller, command: CommandOfCaller, { requestId = '' }: SendOptions = {}): Promise<Answer> {
    const { identity } = caller;
    const own = requestId === '';
    const sender = { identity, principal: recorded(caller.principal), requestId: own ? randomUUID() : requestId };
    // The union of the commands is lost when one is spread.
    const draft = { ...command, ...sender } as CommandDraft;
    const { body } = await orFrontDoorError(this.#request(draft, own, { trace: traceOf(caller, command) }));
    if (body.type === 'Refused') throw refusedError(body.refusal);
    return body.answer;
  }

  #request(draft: CommandDraft, isOwnId: boolean, options: RequestOptions): Promise<CommandReply> {
    // Who starts an activity mostly asks for its outcome next.
    if (draft.type === 'Schedule') return this.channel.requestStart(draft, options);
    return isOwnId ? this.channel.request(draft, options) : this.channel.requestApart(draft, options);
  }
}

/**
 * What is said of an attempt by someone who names no trace belongs to that of its activity, which the log knows: mostly it is
 * a worker that does not trace, or a webhook.
 */
const traceOf = (
  { trace, traceBegunHere = trace === undefined }: Caller,
  command: CommandOfCaller,
): TraceContext | undefined => (traceBegunHere && 'attempt' in command ? noTrace : trace);

/** @throws FrontDoorError instead of what the way to the log throws. */
export async function orFrontDoorError<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw asFrontDoorError(error);
  }
}

/** Semantics section 1.1. */
export const namespaceNotFound = (namespace: string): FrontDoorError =>
  new FrontDoorError('NOT_FOUND', `Namespace ${namespace} is not found.`, {
    detail: { type: 'namespace-not-found', namespace },
  });

export const notPermitted = (namespace: string): FrontDoorError =>
  new FrontDoorError('PERMISSION_DENIED', `Request unauthorized: not permitted in namespace ${namespace}.`);

export const executionId = (namespace: string, { workflowId = '', runId, activityId }: ActivityRef): ExecutionId => ({
  namespace,
  workflowId,
  runId,
  activityId,
});

/** Names an activity. */
export interface ActivityRef {
  readonly activityId: string;
  /** Absent or empty: a standalone activity. */
  readonly workflowId?: string;
  /** Empty: the latest run. */
  readonly runId: string;
}
