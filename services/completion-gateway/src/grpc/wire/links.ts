import type { Link } from '@ratchet/domain';
import type { temporal } from '@temporalio/proto';
import { FrontDoorError } from '../../front-door/index.ts';
import { messageType } from './proto.ts';

type WireLink = temporal.api.common.v1.ILink;

/** A link is kept as the wire has it. */
export const linkType = messageType<WireLink>('temporal.api.common.v1.Link');

/** A link in protobuf's JSON: `{ activity: { namespace, activityId, runId } }`. */
export const linkJson = (link: Link): Record<string, unknown> =>
  linkType.toObject(linkType.decode(link), { enums: String, longs: String, bytes: String });

type Names = Readonly<Record<string, string>>;

/** What each kind of link must name, in the reference's words (`common/links`). */
const kinds: Readonly<Record<string, { readonly called: string; readonly names: Names }>> = {
  workflowEvent: {
    called: 'workflow event',
    names: { namespace: 'namespace field', workflowId: 'workflow ID field', runId: 'run ID field' },
  },
  workflow: {
    called: 'workflow',
    names: { namespace: 'namespace field', workflowId: 'workflow ID field', runId: 'run ID field' },
  },
  activity: {
    called: 'activity',
    names: { namespace: 'namespace field', activityId: 'activity ID field', runId: 'run ID field' },
  },
  nexusOperation: {
    called: 'nexus operation',
    names: { namespace: 'namespace field', operationId: 'operation ID field', runId: 'run ID field' },
  },
  batchJob: { called: 'batch job', names: { jobId: 'job ID' } },
};

/** @throws FrontDoorError INVALID_ARGUMENT for a link of no known kind, or one that does not say to what. */
export const toLinks = (links: readonly WireLink[]): readonly Link[] =>
  links.map((link) => {
    checkLink(link);
    return linkType.encode(link).finish();
  });

function checkLink(link: WireLink): void {
  const kind = Object.keys(kinds).find((name) => isSet(link[name as keyof WireLink]));
  const known = kind === undefined ? undefined : kinds[kind];
  if (kind === undefined || known === undefined) throw invalid('unsupported link variant');
  const named = link[kind as keyof WireLink] as Readonly<Record<string, unknown>>;
  for (const [field, words] of Object.entries(known.names)) {
    if ((named[field] ?? '') === '') throw invalid(`${known.called} link must not have an empty ${words}`);
  }
  checkEvent(link.workflowEvent);
}

function checkEvent(event: WireLink['workflowEvent']): void {
  const { eventType, eventId } = event?.eventRef ?? {};
  if ((eventType ?? 0) !== 0 || Number(eventId ?? 0) === 0) return;
  throw invalid('workflow event link ref cannot have an unspecified event type and a non-zero event ID');
}

const isSet = (value: unknown): boolean => value !== null && value !== undefined;

const invalid = (message: string): FrontDoorError => new FrontDoorError('INVALID_ARGUMENT', message);
