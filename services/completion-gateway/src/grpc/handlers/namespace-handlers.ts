import type { temporal } from '@temporalio/proto';
import { blobBytesMax, millis, namespaceRetentionMsDefault, type Namespace } from '@ratchet/domain';
import { FrontDoorError, type NamespaceCalls } from '../../front-door/index.ts';
import { callerOf, type Handlers } from '../handler.ts';
import { namespaceRegistered } from '../wire/enums.ts';
import { bytes } from '../wire/payloads.ts';
import { fromCount, fromMs, toMs } from '../wire/times.ts';

type NamespaceMethod = 'describeNamespace' | 'listNamespaces' | 'registerNamespace';
type Described = temporal.api.workflowservice.v1.IDescribeNamespaceResponse;

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
    const retentionMs = toMs('invalid retention', request.workflowExecutionRetentionPeriod);
    if (retentionMs !== undefined && retentionMs < 0) {
      throw new FrontDoorError('INVALID_ARGUMENT', 'A valid retention period is not set on request.');
    }
    await namespaces.register(callerOf(request, call), {
      name: request.namespace ?? '',
      description: request.description ?? '',
      retentionMs: retentionMs === undefined ? namespaceRetentionMsDefault : millis(retentionMs),
      limits: { requestsPerSecondMax: Number(request.data?.['requestsPerSecondMax'] ?? 0) },
    });
    return {};
  },
});

/** Every capability is said exactly where it is true (semantics section 3.2). */
const described = ({ name, id, description, retentionMs }: Namespace): Described => ({
  namespaceInfo: {
    name,
    id,
    description,
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
});
