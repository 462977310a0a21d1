import proto from '@temporalio/proto';

/** Requests and answers of Temporal's WorkflowService, from the published definitions. */
export const temporal = proto.temporal.api.workflowservice.v1;
