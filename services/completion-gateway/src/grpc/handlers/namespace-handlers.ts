import type { temporal } from '@temporalio/proto';
import {
  blobBytesMax,
  millis,
  namespaceRetentionMsDefault,
  type Millis,
  type Namespace,
  type NamespaceLimits,
} from '@ratchet/domain';
import { FrontDoorError, type NamespaceCalls } from '../../front-door/index.ts';
import { callerOf, type Handlers, type RequestOf } from '../handler.ts';
import { namespaceRegistered } from '../wire/enums.ts';
import { clusterName } from './cluster-handlers.ts';
import { bytes } from '../wire/payloads.ts';
import { fromCount, fromMs, toMs } from '../wire/times.ts';

type NamespaceMethod = 'describeNamespace' | 'listNamespaces' | 'registerNamespace' | 'updateNamespace';
type Described = temporal.api.workflowservice.v1.IDescribeNamespaceResponse;

type UpdateRequest = RequestOf<'updateNamespace'>;

const pageSizeMax = 1000;

/** Namespaces. */
export const namespaceHandlers = (namespaces: NamespaceCalls): Handlers<NamespaceMethod> => ({
  describeNamespace: (request, call) => described(namespaces.describe(callerOf(request, call), request.id ?? '')),

  listNamespaces: (request, call) => {
    const all = namespaces.list(callerOf({}, call));
    const after = Buffer.from(bytes(request.nextPageToken)).toString('utf8');
    const left = all.filter(({ name }) => name > after);
    const size = request.pageSize ?? 0;
    const page = left.slice(0, size <= 0 || size > pageSizeMax ? pageSizeMax : size);
    const last = page.length < left.length ? page.at(-1) : undefined;
    return {
      namespaces: page.map(described),
      ...(last === undefined ? {} : { nextPageToken: Buffer.from(last.name, 'utf8') }),
    };
  },

  registerNamespace: async (request, call) => {
    await namespaces.register(callerOf(request, call), {
      name: request.namespace ?? '',
      description: request.description ?? '',
      retentionMs: retentionOf(request.workflowExecutionRetentionPeriod) ?? namespaceRetentionMsDefault,
      limits: { ...noLimits, ...limitsOf(request.data) },
    });
    return {};
  },

  updateNamespace: async (request, call) => {
    refuseUnkept(request);
    const { description, data } = request.updateInfo ?? {};
    const retentionMs = retentionOf(request.config?.workflowExecutionRetentionTtl);
    return described(
      await namespaces.update(callerOf({ namespace: request.namespace ?? '' }, call), {
        ...(isText(description) ? { description } : {}),
        ...(retentionMs === undefined ? {} : { retentionMs }),
        limits: limitsOf(data),
      }),
    );
  },
});

const isText = (text: string | null | undefined): text is string => text !== null && text !== undefined && text !== '';

const noLimits: NamespaceLimits = { requestsPerSecondMax: 0 };

/** The limits that a namespace's data name: numbers, as text. */
function limitsOf(data: Readonly<Record<string, string>> | null | undefined): Partial<NamespaceLimits> {
  const names = Object.keys(noLimits).filter(
    (name) => data !== null && data !== undefined && Object.hasOwn(data, name),
  );
  return Object.fromEntries(names.map((name) => [name, numberOf(data?.[name] ?? '')]));
}

/** What is no number is none of the whole numbers that a limit must be. */
const numberOf = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : NaN);

function retentionOf(duration: Parameters<typeof toMs>[1]): Millis | undefined {
  const retentionMs = toMs('invalid retention', duration);
  if (retentionMs !== undefined && retentionMs < 0) {
    throw new FrontDoorError('INVALID_ARGUMENT', 'A valid retention period is not set on request.');
  }
  return retentionMs === undefined ? undefined : millis(retentionMs);
}

/** What would be dropped in silence, and is not what the caller wants. */
function refuseUnkept({ updateInfo, promoteNamespace, deleteBadBinary }: UpdateRequest): void {
  const state = updateInfo?.state ?? 0;
  if (state !== 0 && state !== namespaceRegistered) throw unkept('a namespace stays registered');
  if (promoteNamespace === true) throw unkept('there are no global namespaces');
  if (isText(deleteBadBinary)) throw unkept('there are no bad binaries');
}

const unkept = (reason: string): FrontDoorError =>
  new FrontDoorError('INVALID_ARGUMENT', `Expected to update a namespace, but ${reason}`);

/** Every capability is said exactly where it is true (semantics section 3.2). */
const described = ({ name, id, description, retentionMs, limits }: Namespace): Described => ({
  namespaceInfo: {
    name,
    id,
    description,
    data: Object.fromEntries(Object.entries(limits).flatMap(([key, max]) => (max === 0 ? [] : [[key, String(max)]]))),
    state: namespaceRegistered,
    capabilities: {
      standaloneActivities: true,
      standaloneActivityStartDelay: true,
      standaloneActivityOperatorCommands: true,
      workerPollCompleteOnShutdown: true,
    },
    limits: { blobSizeLimitError: fromCount(blobBytesMax), memoSizeLimitError: fromCount(blobBytesMax) },
  },
  config: { workflowExecutionRetentionTtl: fromMs(retentionMs) },
  // Temporal's own command line counts on it.
  replicationConfig: { activeClusterName: clusterName, clusters: [{ clusterName }] },
});
