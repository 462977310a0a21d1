/** Everything the demo's workers can run. Clients import it as a type only: it tells them arguments and results. */
export { checksumDocument, compressDocument, readDocument } from './file-activities.ts';
export { failThenHang, fallSilent, hang, neverRuns } from './timing-out.ts';
export { awaitApprovalByIds, awaitApprovalByToken } from './waiting.ts';
export { walkDocuments } from './walk.ts';
